from datetime import timedelta

import pytest
from msgspec.structs import replace

from clicktrail.model.event import AnonymousClick, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict, is_counted
from clicktrail.server.pipeline.privacy import Anonymizer, HashedRecipients, has_opted_out
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, KeyState
from tests.support.edge import RING, SequentialIds
from tests.support.judged_lines import SENT_AT, click, make_judged_click

CLICK = replace(
    click("m1", "1", recipient="ann@example.com"),
    link=3,
    at=SENT_AT + timedelta(minutes=59, seconds=58),
    headers={"sec-gpc": "1"},
)


def by_agent(timeline: Timeline) -> tuple[JudgedClick, ...]:
    """A judge that goes by the agent alone."""
    return tuple(
        make_judged_click(of, Verdict.BOT if "bot" in of.user_agent else Verdict.HUMAN, counted=is_counted(of))
        for of in timeline.clicks
    )


def kept(of: Click) -> AnonymousClick | None:
    """What is recorded."""
    return Anonymizer(judge=by_agent, ids=SequentialIds()).anonymize(of)


def test_of_a_click_campaign_link_hour_and_verdict_are_kept() -> None:
    expected = AnonymousClick(
        id="click0", at=SENT_AT, campaign="spring", link=3, url="https://example.com/", verdict=Verdict.HUMAN
    )
    assert expected == kept(CLICK)


def test_it_is_judged_before_it_is_cut_down() -> None:
    found = kept(replace(CLICK, user_agent="a bot"))
    assert found is not None
    assert Verdict.BOT == found.verdict


def test_a_group_hides_the_destination() -> None:
    found = kept(replace(CLICK, group="tiles"))
    assert found is not None
    assert ("", "tiles") == (found.url, found.group)


@pytest.mark.parametrize(
    "uncounted",
    [
        replace(CLICK, method="HEAD"),
        replace(CLICK, headers={"sec-purpose": "prefetch"}),
        replace(CLICK, tampered=True, url="damaged"),
        replace(CLICK, unresolved=True, url="token"),
    ],
)
def test_what_is_no_click_is_not_kept(uncounted: Click) -> None:
    assert kept(uncounted) is None


@pytest.mark.parametrize(
    ("headers", "asks"),
    [
        ({"sec-gpc": "1"}, True),
        ({"dnt": "1"}, True),
        ({"sec-gpc": "0", "dnt": "1"}, True),
        ({"dnt": "0"}, False),
        ({"sec-gpc": "true"}, False),
        ({}, False),
    ],
)
def test_two_headers_ask_for_privacy(headers: dict[str, str], asks: bool) -> None:
    assert asks == has_opted_out(headers)


def test_who_is_marked_is_known_by_name() -> None:
    mark = HashedRecipients(RING).hash_recipient("Ann@example.org")
    marked = HashedRecipients(RING, [mark])
    assert ("ann@example.org" in marked, "bob@example.org" in marked, "" in marked) == (True, False, False)
    assert "ann" not in mark
    assert mark in marked
    assert HashedRecipients(RING).hash_recipient("Id7") != HashedRecipients(RING).hash_recipient("id7")


def test_a_mark_holds_when_keys_are_rotated_and_revoked() -> None:
    old = Key(number=0, secret=b"k" * SECRET_BYTES)
    new = Key(number=1, secret=b"n" * SECRET_BYTES)
    rotated = KeyRing([new, Key(number=0, secret=old.secret, state=KeyState.REVOKED)])
    assert HashedRecipients(KeyRing([old])).hash_recipient("ann@example.org") == HashedRecipients(
        rotated
    ).hash_recipient("ann@example.org")
    assert HashedRecipients(KeyRing([old])).hash_recipient("ann@example.org") != HashedRecipients(
        KeyRing([new])
    ).hash_recipient("ann@example.org")
