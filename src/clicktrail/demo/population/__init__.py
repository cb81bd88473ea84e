"""Simulated people and scanners that follow links. Nothing here imports the judge or knows its rules."""
