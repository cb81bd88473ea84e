"""The key ring's file: made once, never silently again."""
