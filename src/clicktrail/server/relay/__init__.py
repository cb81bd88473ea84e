"""The SMTP relay: receives messages, rewrites their links, and passes them to the next hop without a queue."""
