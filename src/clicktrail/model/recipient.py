"""Names of recipients."""


def normalize_recipient(recipient: str) -> str:
    """Case-fold an email address. An opaque id may be case-sensitive and stays as it is."""
    return recipient.casefold() if "@" in recipient else recipient
