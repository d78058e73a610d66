"""What is watched of each hour, beyond what blocks it: copies, lateness, volume, rejects."""
