"""Read a tracking domain as it is configured."""

from functools import lru_cache

import ada_url

from clicktrail.errors import SettingsError

__all__ = ["read_domain"]


@lru_cache(8)
def read_domain(domain: str) -> ada_url.URL:
    """The domain as a URL parser reads it: its host in lower case, an IDN in its ASCII form.

    Raises:
        SettingsError: it is no http or https URL, has more than scheme, host and port, or a dot at the host's end: its
            own links would not be known again.
    """
    try:
        parsed = ada_url.URL(domain)
    except ValueError:
        parsed = None
    if (
        parsed is None
        or parsed.protocol not in {"http:", "https:"}
        or parsed.href != f"{parsed.origin}/"
        or parsed.hostname.endswith(".")
    ):
        raise SettingsError(
            f"the tracking domain is '{domain}'", hint="write scheme and host: https://links.example.com"
        )
    return parsed
