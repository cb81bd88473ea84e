"""People and scanners who click on what they were sent."""
