from datetime import timedelta

import pytest
from msgspec.structs import replace

from clicktrail.judge.shipped import build_shipped_judge
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


def judge_by_user_agent(timeline: Timeline) -> tuple[JudgedClick, ...]:
    return tuple(
        make_judged_click(click, Verdict.BOT if "bot" in click.user_agent else Verdict.HUMAN, counted=is_counted(click))
        for click in timeline.clicks
    )


def anonymize(click: Click) -> AnonymousClick | None:
    return Anonymizer(judge=judge_by_user_agent, ids=SequentialIds()).anonymize(click)


def test_anonymous_click_has_campaign_link_hour_and_verdict() -> None:
    expected = AnonymousClick(
        id="click0", at=SENT_AT, campaign="spring", link=3, url="https://example.com/", verdict=Verdict.HUMAN
    )
    assert expected == anonymize(CLICK)


def test_click_is_judged_before_it_is_anonymized() -> None:
    anonymous = anonymize(replace(CLICK, user_agent="a bot"))
    assert anonymous is not None
    assert Verdict.BOT == anonymous.verdict


def test_anonymous_click_on_a_trap_is_a_bots() -> None:
    anonymous = Anonymizer(judge=build_shipped_judge(), ids=SequentialIds()).anonymize(replace(CLICK, trap=True))
    assert anonymous is not None
    assert Verdict.BOT == anonymous.verdict


def test_grouped_link_is_recorded_without_destination() -> None:
    anonymous = anonymize(replace(CLICK, group="tiles"))
    assert anonymous is not None
    assert ("", "tiles") == (anonymous.url, anonymous.group)


@pytest.mark.parametrize(
    "uncounted",
    [
        replace(CLICK, method="HEAD"),
        replace(CLICK, headers={"sec-purpose": "prefetch"}),
        replace(CLICK, tampered=True, url="damaged"),
        replace(CLICK, unresolved=True, url="token"),
    ],
)
def test_uncounted_click_is_not_recorded(uncounted: Click) -> None:
    assert anonymize(uncounted) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"sec-gpc": "1"}, True),
        ({"dnt": "1"}, True),
        ({"sec-gpc": "0", "dnt": "1"}, True),
        ({"sec-gpc": " 1\t"}, True),
        ({"dnt": "1, 1"}, True),
        ({"dnt": "0,1"}, True),
        ({"dnt": "0, 0"}, False),
        ({"sec-gpc": "11"}, False),
        ({"dnt": "0"}, False),
        ({"sec-gpc": "true"}, False),
        ({}, False),
    ],
)
def test_opt_out_headers(headers: dict[str, str], expected: bool) -> None:
    assert expected == has_opted_out(headers)


def test_hashed_recipient_is_found_by_name_and_hash() -> None:
    recipient_hash = HashedRecipients(RING).hash_recipient("Ann@example.org")
    recipients = HashedRecipients(RING, [recipient_hash])
    assert ("ann@example.org" in recipients, "bob@example.org" in recipients, "" in recipients) == (True, False, False)
    assert "ann" not in recipient_hash
    assert recipient_hash in recipients
    assert HashedRecipients(RING).hash_recipient("Id7") != HashedRecipients(RING).hash_recipient("id7")


def test_hash_is_stable_when_keys_are_rotated_and_revoked() -> None:
    old = Key(number=0, secret=b"k" * SECRET_BYTES)
    new = Key(number=1, secret=b"n" * SECRET_BYTES)
    rotated = KeyRing([new, Key(number=0, secret=old.secret, state=KeyState.REVOKED)])
    assert HashedRecipients(KeyRing([old])).hash_recipient("ann@example.org") == HashedRecipients(
        rotated
    ).hash_recipient("ann@example.org")
    assert HashedRecipients(KeyRing([old])).hash_recipient("ann@example.org") != HashedRecipients(
        KeyRing([new])
    ).hash_recipient("ann@example.org")
