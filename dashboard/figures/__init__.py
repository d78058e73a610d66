"""Charts of single pages: pure functions from a frame to a chart."""
