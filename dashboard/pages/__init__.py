"""One module per page; each has one `show(view)`."""
