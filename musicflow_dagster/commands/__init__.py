"""One module per command of `musicflow`; each is imported only when it is asked for."""
