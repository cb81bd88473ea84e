"""The nouns of click tracking, frozen."""
