"""Keep edge workers and engine running."""
