"""The use cases: each decides by calling ports, and does no I/O of its own."""
