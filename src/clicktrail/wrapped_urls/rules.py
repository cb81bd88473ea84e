"""Services that wrap URLs, from data/wrappers.toml, which explains the fields."""

import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from clicktrail.config_text import decode_toml

UrlForm = Literal["plain", "proofpoint-2", "proofpoint-3", "underscores"]


class WrapperRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service, or one of the forms of its links."""

    by: str
    name: str
    host: str
    path: str = ".*"
    parameters: tuple[str, ...] = ()
    form: UrlForm = "plain"
    only_id: bool = False
    named_host: str = ""
    source: str
    date: date

    def matches(self, host: str, path: str) -> bool:
        """Whether a URL with this host, in lower case, and this decoded path is of this service."""
        return re.fullmatch(self.host, host) is not None and (
            self.path == ".*" or re.fullmatch(self.path, path, re.IGNORECASE | re.DOTALL) is not None
        )


class _Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: date
    wrappers: tuple[WrapperRule, ...]


@cache
def load_wrapper_rules() -> tuple[WrapperRule, ...]:
    """Read the package's rules; cached."""
    text = (resources.files("clicktrail.wrapped_urls") / "data" / "wrappers.toml").read_text("utf-8")
    return decode_toml(text, _Rules, name="wrappers.toml").wrappers
