"""The registry on SQLite or PostgreSQL: link sets, short links, link edits, consents and erasures."""
