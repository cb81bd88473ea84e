"""What was configured and must be looked up, on SQLite or PostgreSQL: link sets, short links, consents."""
