"""How the processes are, and what they have done: told by each once a second, shown to Prometheus and monitors.

A worker counts in plain numbers and writes a ``Pulse`` to its standard output every second. The supervisor keeps the
latest of each, so that nobody asks a worker anything while it has readers to answer, and serves them on the private
port.
"""
