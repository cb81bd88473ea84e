"""Links of a received message, as its reader or a scanner sees them."""

import email
import re
from dataclasses import dataclass
from email.policy import default
from html.parser import HTMLParser
from typing import Self

_WEB_SCHEMES = ("http://", "https://")
_TEXT_URL = re.compile(r"https?://[^\s<>)]+")
_UNSUBSCRIBE_TEXT = re.compile("unsubscribe|fewer letters", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLinks:
    """The web links of one message to one recipient.

    Attributes:
        content_links: links of the HTML part, without unsubscribe links.
        html_links: all links of the HTML part, in order.
        text_links: all URLs of the text part, in order.
    """

    recipient: str
    content_links: tuple[str, ...]
    html_links: tuple[str, ...]
    text_links: tuple[str, ...]

    @classmethod
    def from_bytes(cls, content: bytes, *, recipient: str) -> Self:
        """Parse a message."""
        message = email.message_from_bytes(content, policy=default)
        parser = _AnchorParser()
        for part in message.walk():
            if part.get_content_type() == "text/html":
                parser.feed(part.get_content())
        texts = [part.get_content() for part in message.walk() if part.get_content_type() == "text/plain"]
        return cls(
            recipient=recipient,
            content_links=tuple(url for url, text in parser.links if not _UNSUBSCRIBE_TEXT.search(text)),
            html_links=tuple(url for url, _ in parser.links),
            text_links=tuple(url for text in texts for url in _TEXT_URL.findall(text)),
        )

    @property
    def unique_links(self) -> tuple[str, ...]:
        """Each URL of both parts once, HTML first."""
        return tuple(dict.fromkeys(self.html_links + self.text_links))


class _AnchorParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []  # URL and text of each web link
        self._url = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        url = dict(attrs).get("href") or ""
        if tag == "a" and url.startswith(_WEB_SCHEMES):
            self._url, self._text = url, ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.links.append((self._url, self._text))
            self._url = ""
