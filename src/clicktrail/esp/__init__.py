"""What we know of each ESP. No I/O."""
