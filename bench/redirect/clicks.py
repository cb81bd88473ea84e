"""Links that a bench clicks, and the clicks that the journal has recorded."""

import http.client
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.programs import BenchError
from clicktrail.model.event import Click, decode_event
from clicktrail.server.journal.reader import SegmentReader
from clicktrail.tokens import KeyRing, SealedLink, seal_token

_SENT_AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)
_LINKS_PER_MESSAGE: Final = 12
_READ_BATCH_SIZE: Final = 10_000


def seal_destinations(ring: KeyRing, count: int) -> dict[str, str]:
    """Return destinations by token; each token is for another recipient of one campaign.

    Destinations have 151 characters, a common length with UTM parameters.
    """
    links = [
        SealedLink(
            destination=f"https://shop.example.com/collections/autumn/products/{number:020}"
            "?utm_source=email&utm_medium=newsletter&utm_campaign=autumn-2026&utm_content=a",
            message_id=f"message-{number:012}",
            recipient=f"recipient-{number:06}@mail.example.com",
            campaign="autumn-2026",
            position=number % _LINKS_PER_MESSAGE,
            link_count=_LINKS_PER_MESSAGE,
            sent_at=_SENT_AT,
        )
        for number in range(count)
    ]
    return {seal_token(ring, link): link.destination for link in links}


def expect_redirect(port: int, token: str, *, location: str) -> None:
    """Request a link.

    Raises:
        BenchError: the response is no 302 with this location.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", f"/{token}")
    response = connection.getresponse()
    actual = (response.status, response.headers["Location"])
    connection.close()
    if actual != (http.HTTPStatus.FOUND, location):
        raise BenchError(f"a link to {location} was answered with {actual[0]} to {actual[1]}")


async def count_recorded_clicks(journal: Path, cursor: Path) -> int:
    """Count the distinct clicks with a valid token in a journal.

    Args:
        journal: folder of the journal.
        cursor: path for the reader's cursor; no such file may exist.
    """
    reader = SegmentReader(journal, cursor)
    ids: set[str] = set()
    while entries := await reader.read(_READ_BATCH_SIZE):
        events = (decode_event(entry.line) for entry in entries)
        ids.update(event.id for event in events if isinstance(event, Click) and not event.tampered)
    return len(ids)
