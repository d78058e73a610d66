"""What runs together, when, and because of what."""
