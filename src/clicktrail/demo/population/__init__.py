"""People and scanners who click on what they were sent. Nothing in here knows what judges them."""
