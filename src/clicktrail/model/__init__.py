"""The nouns of click tracking: frozen data, no behaviour beyond derived values."""
