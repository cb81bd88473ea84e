"""Settings, their defaults and their documentation."""
