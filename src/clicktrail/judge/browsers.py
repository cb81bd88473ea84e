"""Which browser a ``User-Agent`` claims to be, where its headers can be held against it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

__all__ = ["Browser", "Engine", "browser_of"]

_REMEMBERED = 16_384

_ENGINE = r"AppleWebKit/\S+ \(KHTML, like Gecko\)"
_CHROME = re.compile(
    rf"Mozilla/5\.0 \([^)]*(?<!; wv)\) {_ENGINE} Chrome/(\d+)\.?(\d*)\S* (?:Mobile )?Safari/\S+(?: Edge?/[\d.]+)?"
)
_FIREFOX = re.compile(r"Mozilla/5\.0 \([^)]*rv:[\d.]+\) Gecko/\S+ Firefox/(\d+)\.?(\d*)\S*")
_SAFARI = re.compile(
    rf"Mozilla/5\.0 \((?:Macintosh|iPhone|iPad)[^)]*\) {_ENGINE} Version/(\d+)\.?(\d*)\S* (?:Mobile/\S+ )?Safari/\S+"
)


class Engine(StrEnum):
    """Whose headers they are."""

    CHROME = "Chrome"
    FIREFOX = "Firefox"
    SAFARI = "Safari"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a request claims to come from.

    Attributes:
        engine: Chrome's is Edge's, too.
        version: major and minor.
    """

    engine: Engine
    version: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.engine} {self.version[0]}"


_FORMS: Final = ((_CHROME, Engine.CHROME), (_FIREFOX, Engine.FIREFOX), (_SAFARI, Engine.SAFARI))


@lru_cache(_REMEMBERED)
def browser_of(user_agent: str) -> Browser | None:
    """The browser, if nothing but a browser's own words stand in the header.

    None for web views, apps and other browsers on the same engine: they name themselves besides, are as old as their
    makers like, and leave headers out.
    """
    for form, engine in _FORMS:
        if found := form.fullmatch(user_agent):
            major, minor = (int(number[:6] or 0) for number in found.groups())
            return Browser(engine=engine, version=(major, minor))
    return None
