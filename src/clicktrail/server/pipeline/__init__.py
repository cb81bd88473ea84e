"""The use cases: they decide, await ports, and open nothing."""
