"""Checks of tracking domains: DNS, ports, certificates."""
