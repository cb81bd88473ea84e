"""What landing pages ask of the edge."""

import msgspec
import pytest

from clicktrail.model.event import Engagement, decode
from clicktrail.server.edge.beacon import Beacon
from clicktrail.server.edge.responses import Response
from clicktrail.server.pipeline.engage import Engagements
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.pipeline.redirect import Request
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, Visit, VisitSeal
from tests.edges import NOW, StoppedClock
from tests.journals import HeldJournal

RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TOLD = {
    "visit": VisitSeal(RING).seal(
        Visit(click_id="c1", message_id="m1", recipient="ann@example.org", campaign="spring", clicked_at=NOW)
    ),
    "kind": "engaged",
}


def beacon(journal: HeldJournal) -> Beacon:
    """Of an edge."""
    return Beacon(Engagements(RING), journal=journal, clock=StoppedClock())


def answer(
    to: Beacon, path: str, *, method: str = "GET", body: bytes = b"", without: tuple[str, ...] = ()
) -> Response | None:
    """What is answered at once, where nothing is to be recorded of some recipients."""
    request = Request(method=method, path=path, peer="192.0.2.1", headers={}, body=body)
    return to.answer(request, without=(Marked(RING), Marked(RING, map(Marked(RING).mark, without))))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_script_is_small_and_may_be_loaded_by_any_page(method: str) -> None:
    """Less than 2 kB with its header fields, as a script that browsers may keep."""
    script = answer(beacon(HeldJournal()), "/e.js", method=method)
    assert script
    assert 2_000 > len(script.head) + len(script.body)
    assert b"Content-Type: text/javascript; charset=utf-8\r\n" in script.head
    assert b"Cross-Origin-Resource-Policy: cross-origin\r\n" in script.head
    assert f"Content-Length: {len(script.body)}\r\n".encode() in script.head


def test_what_a_page_tells_is_recorded_and_answered_at_once() -> None:
    """Not once it is on disk: no page waits for that."""
    journal = HeldJournal()
    taken = answer(beacon(journal), "/e", method="POST", body=msgspec.json.encode(TOLD))
    expected = Engagement(
        id="c1-engaged",
        at=NOW,
        campaign="spring",
        message_id="m1",
        recipient="ann@example.org",
        click_id="c1",
        kind="engaged",
    )
    assert [expected] == [decode(line) for line in journal.lines]
    assert taken
    assert taken.head.startswith(b"HTTP/1.1 204 ")
    journal.settle(committed=False)


def test_what_is_not_taken_is_answered_alike() -> None:
    """So that nobody learns which clicks there were."""
    journal = HeldJournal()
    to = beacon(journal)
    good = answer(to, "/e", method="POST", body=msgspec.json.encode(TOLD))
    assert [good, good] == [answer(to, "/e", method="POST", body=body) for body in (b"", msgspec.json.encode(TOLD))]
    assert 1 == len(journal.lines)


def test_nothing_is_recorded_of_who_may_not_be() -> None:
    """Even if a page that they visited before tells of them later."""
    journal = HeldJournal()
    body = msgspec.json.encode(TOLD)
    refused = answer(beacon(journal), "/e", method="POST", body=body, without=("ann@example.org",))
    assert [] == journal.lines
    assert refused == answer(beacon(journal), "/e", method="POST", body=body, without=("bob@example.org",))
    assert 1 == len(journal.lines)


@pytest.mark.parametrize(("path", "method"), [("/e", "GET"), ("/e.js", "POST"), ("/e/", "POST"), ("/", "GET")])
def test_other_requests_are_not_the_beacons(path: str, method: str) -> None:
    """They are tracking URLs, or nothing."""
    assert answer(beacon(HeldJournal()), path, method=method) is None
