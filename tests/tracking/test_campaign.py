import re
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha512

import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.link import LinkReason
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.rewrite import Policy
from clicktrail.tokens import (
    MAX_LINKS,
    SECRET_BYTES,
    Key,
    KeyRing,
    SealedLink,
    SealedMessage,
    open_campaign_token,
    open_token,
)
from clicktrail.tracking import CompiledCampaign, MessageMetadata, Tracker
from clicktrail.utm import Convention

NOW = datetime(2026, 11, 24, 1, 30, 5, tzinfo=UTC)
RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
TRACKER = Tracker(ring=RING, domain="https://links.example.com")
TAGGING = replace(TRACKER, convention=Convention(source="email", medium="newsletter", own_hosts=("example.com",)))
HTML = """<a href="https://example.com/a" data-clicktrail-group="top">A</a>
<a href="{{ offer }}" data-clicktrail-group="offer">O</a> <a href="{{unsubscribe}}">Bye</a>"""
TEXT = "See https://example.com/a or https://example.com/t."
UTM = "utm_source=email&utm_medium=newsletter&utm_campaign=winter"
ANNA = MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna")
OFFER = {"{{ offer }}": "https://example.com/for/anna"}


def campaign(tracker: Tracker = TRACKER) -> CompiledCampaign:
    """A campaign with a link of its own, a personal one and one that stays."""
    return tracker.compile(html=HTML, text=TEXT, campaign="winter")


def tokens(body: str) -> list[str]:
    """Those of a body's tracking URLs."""
    return re.findall(r"https://links\.example\.com/([\w-]+)", body)


def test_its_link_set_says_where_the_links_lead() -> None:
    assert LinkSet(
        campaign="winter",
        created_at=NOW,
        links=(
            StoredLink(position=0, destination=f"https://example.com/a?{UTM}", group="top"),
            StoredLink(position=1, destination=f"https://example.com/t?{UTM}"),
            StoredLink(position=2, destination="", group="offer"),
        ),
    ) == campaign(TAGGING).build_link_set(created_at=NOW)


def test_a_recipient_has_one_token_and_a_sealed_personal_link() -> None:
    bodies = campaign(TAGGING).render(ANNA, link_set_id=7, destinations=OFFER)
    shared = SealedMessage(link_set_id=7, message_id="m1", recipient="anna", sent_at=NOW)
    first, offer = tokens(bodies.html)
    assert [(shared, 0), (shared, 0), (shared, 1)] == [
        open_campaign_token(RING, token) for token in [first, *tokens(bodies.text)]
    ]
    assert SealedLink(
        destination=f"https://example.com/for/anna?{UTM}",
        message_id="m1",
        recipient="anna",
        campaign="winter",
        position=2,
        link_count=3,
        sent_at=NOW,
        group="offer",
    ) == open_token(RING, offer)
    origin = "https://links.example.com/"
    assert HTML == bodies.html.replace(origin + first, "https://example.com/a").replace(origin + offer, "{{ offer }}")


def test_who_denies_gets_plain_links_with_utm_parameters() -> None:
    bodies = campaign(TAGGING).render(
        MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna", consent=Consent.DENIED),
        link_set_id=7,
        destinations=OFFER,
    )
    quoted = UTM.replace("&", "&amp;")
    assert (
        HTML.replace("com/a", f"com/a?{quoted}").replace("{{ offer }}", f"{OFFER['{{ offer }}']}?{quoted}")
        == bodies.html
    )
    assert f"See https://example.com/a?{UTM} or https://example.com/t?{UTM}." == bodies.text


@pytest.mark.parametrize("unknown", UnknownConsentAction)
@pytest.mark.parametrize("consent", Consent)
def test_each_recipient_is_tracked_as_the_policy_says(unknown: UnknownConsentAction, consent: Consent) -> None:
    tracker = replace(TRACKER, policy=Policy(unknown_consent=unknown))
    sending = MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna", anonymous_id="x7", consent=consent)
    bodies = campaign(tracker).render(sending, link_set_id=7, destinations=OFFER)
    expected = [open_token(RING, token) for token in tokens(tracker.rewrite_text(TEXT, sending).text)]
    opened = [open_campaign_token(RING, token) for token in tokens(bodies.text)]
    assert [(link.message_id, link.recipient, link.sent_at, link.position) for link in expected] == [
        (link.message_id, link.recipient, link.sent_at, position) for link, position in opened
    ]
    personal = [open_token(RING, token) for token in tokens(bodies.html)[1:]]
    assert {(link.message_id, link.recipient) for link in expected} == {
        (link.message_id, link.recipient) for link in personal
    }


def test_a_personal_link_without_destination_is_refused() -> None:
    with pytest.raises(ClicktrailError, match="offer }} has no destination") as raised:
        campaign().render(ANNA, link_set_id=7)
    assert "pass a destination for this merge tag" in raised.value.hint


def test_a_personal_link_that_is_too_long_stays() -> None:
    long = "https://example.com/" + "".join(sha512(bytes([n])).hexdigest() for n in range(30))
    sending = MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna", short_code=7)
    assert f'"{long}"' in campaign().render(sending, link_set_id=7, destinations={"{{ offer }}": long}).html


def test_it_tells_of_all_links() -> None:
    assert [LinkReason.TRACKED, LinkReason.MERGE_TAG, LinkReason.MERGE_TAG, *[LinkReason.TRACKED] * 2] == [
        link.reason for link in campaign().links
    ]


def test_links_of_the_tracking_domain_stay() -> None:
    own = "https://links.example.com/token"
    compiled = TRACKER.compile(html=f'<a href="{own}">A</a><a href="{{{{x}}}}" data-clicktrail-group="x">X</a>')
    assert 2 == compiled.render(ANNA, link_set_id=7, destinations={"{{x}}": own}).html.count(f'"{own}"')


def test_a_campaign_has_no_more_links_than_a_link_set() -> None:
    with pytest.raises(ClicktrailError, match="4,097 links"):
        TRACKER.compile(html="<a href=https://example.com/>" * (MAX_LINKS + 1))


def test_traps_are_compiled_without_utm_parameters() -> None:
    trap = '<a href="https://example.com/t" data-clicktrail="trap">T</a>'
    personal = '<a href="{{ x }}" data-clicktrail="trap" data-clicktrail-group="x">X</a>'
    compiled = TAGGING.compile(html=trap + personal, campaign="winter")
    bodies = compiled.render(ANNA, link_set_id=7, destinations={"{{ x }}": "https://example.com/x"})
    stored, _ = compiled.build_link_set(created_at=NOW).links
    sealed = open_token(RING, tokens(bodies.html)[1])
    assert ("https://example.com/t", True) == (stored.destination, stored.is_trap)
    assert ("https://example.com/x", True) == (sealed.destination, sealed.is_trap)


def test_trap_is_unchanged_without_consent() -> None:
    trap = '<a href="https://example.com/t" data-clicktrail="trap">T</a>'
    denied = MessageMetadata(message_id="m1", sent_at=NOW, recipient="anna", consent=Consent.DENIED)
    assert trap == TAGGING.compile(html=trap, campaign="winter").render(denied, link_set_id=7).html
