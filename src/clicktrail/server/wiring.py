"""Build the running system from settings."""
