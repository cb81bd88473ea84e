"""The registry's schema: one migration per file, never edited after a release."""
