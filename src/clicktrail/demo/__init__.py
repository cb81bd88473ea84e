"""The demo: a campaign to simulated people and scanners, run on one machine."""
