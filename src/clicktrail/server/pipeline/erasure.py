"""Recognise a recipient who is being erased in journal lines, URLs and the bytes of files."""

import re

import re2
from ada_url import URL

from clicktrail.errors import EventError
from clicktrail.model.event import decode_event
from clicktrail.model.recipient_search import build_recipient_search

_OPTIONS = re2.Options()
_OPTIONS.max_mem = 256 * 1024 * 1024  # for the longest address outside ASCII
_OPTIONS.log_errors = False  # they would name the recipient
_PARAMETER_SEPARATOR = re.compile(r"([&;])")


class ErasedRecipient:
    """A recipient who is being erased.

    Attributes:
        name: the normalized recipient.
        is_address: whether to search for it in every text. An opaque id, such as ``42``, can mean other things there.
    """

    def __init__(self, recipient: str) -> None:
        search = build_recipient_search(recipient)
        self.name = search.name
        self.is_address = search.is_address
        self._pattern = re2.compile(search.pattern, _OPTIONS)

    def is_in_text(self, data: bytes) -> bool:
        """Whether bytes hold the recipient, in any spelling that can be recognised."""
        return bool(self._pattern.search(data))

    def is_in_event(self, line: bytes) -> bool:
        """Whether an encoded event belongs to the recipient or, for an address, holds it anywhere."""
        if not self.is_in_text(line):  # an event of the recipient names it
            return False
        if self.is_address:
            return True
        try:
            return decode_event(line).recipient == self.name
        except EventError:
            return True

    def remove_from_url(self, url: str) -> str:
        """Remove the parameters that hold the recipient; if other parts of the URL do, keep only the site's address."""
        if not self._is_in_url(url):
            return url
        shortened = self._remove_parameters(url)
        return self._keep_origin(url) if self._is_in_url(shortened) else shortened

    def _is_in_url(self, url: str) -> bool:
        return self.is_in_text(url.encode("utf-8", "surrogatepass"))

    def _remove_parameters(self, url: str) -> str:
        address, has_fragment, fragment = url.partition("#")
        if self._is_in_url(fragment):
            has_fragment = fragment = ""
        path, question_mark, query = address.partition("?")
        first, *rest = _PARAMETER_SEPARATOR.split(query)
        parameters = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
        kept = "".join(separator + text for separator, text in parameters if not self._is_in_url(f"={text}"))
        kept = kept[1:] if kept.startswith(("&", ";")) else kept
        return path + (question_mark if kept else "") + kept + has_fragment + fragment

    def _keep_origin(self, url: str) -> str:
        try:
            parsed = URL(url)
        except ValueError:
            return ""
        origin = f"{parsed.protocol}//{parsed.host}/"
        return "" if self._is_in_url(origin) else origin
