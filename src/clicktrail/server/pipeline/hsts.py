"""Read the header Strict-Transport-Security (RFC 6797 section 6.1)."""


def covers_subdomains(header: str) -> bool:
    """Whether the policy is in force and covers the names below its host."""
    pairs = (directive.partition("=") for directive in header.split(";"))
    values = {name.strip().lower(): value.strip(' \t"') for name, _, value in pairs}
    max_age = values.get("max-age", "")
    is_in_force = max_age.isascii() and max_age.isdecimal() and bool(max_age.strip("0"))
    return is_in_force and "includesubdomains" in values
