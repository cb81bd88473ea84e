"""Email click tracking you host yourself."""
