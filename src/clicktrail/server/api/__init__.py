"""What the engine answers: the JSON of its HTTP API, which the commands print too."""
