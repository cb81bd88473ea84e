"""Health and metrics of all processes, for monitors and Prometheus.

Each worker writes a ``Heartbeat`` to its standard output every second. The supervisor keeps the latest one of each
worker and serves them on the private port, so that a scrape never interrupts a worker that has readers to answer.
"""
