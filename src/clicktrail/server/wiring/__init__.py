"""Build the running system from settings: the only place that names concrete classes."""
