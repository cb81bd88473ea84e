"""How the registry's tables came to be: one file a change, none of them ever edited."""
