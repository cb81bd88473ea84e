"""A message as its reader, or a scanner, sees it: the links."""

import email
import re
from dataclasses import dataclass
from email.policy import default
from html.parser import HTMLParser
from typing import Self

__all__ = ["Letter"]

_WEB = ("http://", "https://")
_URL_IN_TEXT = re.compile(r"https?://[^\s<>)]+")
_FAREWELL = re.compile("unsubscribe|fewer letters", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """The web links of one message to one recipient.

    Attributes:
        recipient: the address that it was sent to.
        inviting: links of the HTML part that a reader may follow; the ways out of the list are none.
        html: all links of the HTML part, in order.
        text: all URLs of the text part, in order.
    """

    recipient: str
    inviting: tuple[str, ...]
    html: tuple[str, ...]
    text: tuple[str, ...]

    @classmethod
    def read(cls, content: bytes, *, recipient: str) -> Self:
        """Find the links in a message's bytes."""
        message = email.message_from_bytes(content, policy=default)
        anchors = _Anchors()
        for part in message.walk():
            if part.get_content_type() == "text/html":
                anchors.feed(part.get_content())
        texts = [part.get_content() for part in message.walk() if part.get_content_type() == "text/plain"]
        return cls(
            recipient=recipient,
            inviting=tuple(url for url, words in anchors.found if not _FAREWELL.search(words)),
            html=tuple(url for url, _ in anchors.found),
            text=tuple(url for text in texts for url in _URL_IN_TEXT.findall(text)),
        )

    @property
    def everything(self) -> tuple[str, ...]:
        """Each URL of both parts once, as a URL extractor lists them."""
        return tuple(dict.fromkeys(self.html + self.text))


class _Anchors(HTMLParser):
    """Collects the web links of ``<a>`` with their words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._url = ""
        self._words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        url = dict(attrs).get("href") or ""
        if tag == "a" and url.startswith(_WEB):
            self._url, self._words = url, ""

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.found.append((self._url, self._words))
            self._url = ""
