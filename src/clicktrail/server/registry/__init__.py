"""The registry on SQLite or PostgreSQL: link sets, short links, link edits, consents, erasures and tracking domains."""
