"""Links that were damaged on their way lead where they led, in both lanes of the edge, and record the damage."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.event import Click, decode_event
from clicktrail.server.pipeline.link_repair import repair_path
from clicktrail.tokens import encode_short_token
from tests.server.edge.test_quick_lane import (
    BROWSER,
    EDGE_RING,
    HOST,
    Outcome,
    Scenario,
    both,
    encode_lines,
    seal,
    seal_campaign,
)
from tests.support.old_short_tokens import encode_old_short_token

ADDITIONS = tomllib.loads((Path(__file__).parent / "link_additions.toml").read_text())["additions"]
TEMPLATE = seal_campaign(recipient="")[1:]
UNNAMED_MESSAGE_ID = "1/"
LINKS = {
    "sealed": seal()[1:],
    "campaign": seal_campaign(position=1)[1:],
    "template": f"{TEMPLATE}/r-1",
    "short": encode_short_token(7, 1),
    "short in capitals": encode_short_token(7, 1).upper(),
    "old short": encode_old_short_token(7, 1),
}


def request(target: str) -> tuple[Outcome, Click]:
    """Request a target in both lanes. Returns the outcome and the click."""
    first = f"GET {target} HTTP/1.1".encode().decode("latin-1")
    outcome, quick_count = both(Scenario(pieces=[encode_lines(first, (HOST, *BROWSER))]))
    (event,) = map(decode_event, outcome.events)
    assert isinstance(event, Click)
    assert quick_count == 0 or not event.damage
    return outcome, event


def describe(click: Click) -> tuple[str, str, str, int, bool]:
    return click.url, click.message_id, click.recipient, click.link, click.tampered


@pytest.mark.parametrize("token_format", LINKS)
@pytest.mark.parametrize("addition", ADDITIONS, ids=[addition["path"] for addition in ADDITIONS])
def test_addition_is_ignored_and_recorded(addition: dict[str, str], token_format: str) -> None:
    link = LINKS[token_format]
    _, expected = request(f"/{link}")
    outcome, click = request(addition["path"].replace("{link}", link))
    assert outcome.status_counts == {"302": 1}
    damage = addition.get("damage", "addition")
    kind = addition.get("template", "named") if token_format == "template" else "named"
    if kind == "named":
        assert (*describe(click), click.damage) == (*describe(expected), damage)
    elif kind == "unnamed":
        assert (click.url, click.recipient, click.message_id) == (expected.url, "", UNNAMED_MESSAGE_ID)
        assert click.damage == "invalid-recipient-id"
    else:
        assert (click.url, click.recipient.startswith("r-1")) == (expected.url, True)


def insert(text: str, link: str) -> str:
    return f"{link[:7]}{text}{link[7:]}"


@pytest.mark.parametrize("token_format", ["sealed", "campaign", "template", "short", "short in capitals", "old short"])
@pytest.mark.parametrize(
    "text",
    [
        *("%C2%AD", "\u00ad", "%E2%80%8B", "\u200b", "%EF%BB%BF", "%E2%81%A0", "%25C2%25AD", "%AD"),
        *("%20", "%0A", "%0D%0A", "%0D%0A%20", "=%0A", "=%0D%0A", "%C2%A0", "%09"),
    ],
)
def test_text_in_the_middle_of_a_token_is_removed(text: str, token_format: str) -> None:
    link = LINKS[token_format]
    _, expected = request(f"/{link}")
    outcome, click = request(f"/{insert(text, link)}")
    assert (outcome.status_counts, describe(click), click.damage) == ({"302": 1}, describe(expected), "inside")


@pytest.mark.parametrize(
    ("character", "encoded", "damage"),
    [
        *[("-", text, "encoding") for text in ("%2D", "%2d", "%252D", "%25252d")],
        *[("-", text, "inside") for text in ("=2D", "%3D2D", "\u2010", "\u2011", "\u2013", "%E2%88%92")],
        *[("_", text, "encoding") for text in ("%5F", "%5f", "%255F")],
        *[("_", text, "inside") for text in ("=5F", "=5f")],
        ("A", "%41", "encoding"),
    ],
)
def test_encoded_characters_are_decoded(character: str, encoded: str, damage: str) -> None:
    destinations = (f"https://shop.example/{number}" for number in range(99))
    destination, link = next((url, seal(url)[1:]) for url in destinations if character in seal(url)[1:-1])
    link = link.replace(character, encoded)
    outcome, click = request(f"/{link}")
    assert (outcome.status_counts, click.url, click.damage) == ({"302": 1}, destination, damage)
    _, click = request(f"/{link}%29.")
    assert click.url == destination


@pytest.mark.parametrize(
    "suffix",
    [
        *("/{{id}}", "/%7B%7Bid%7D%7D", "/%257B%257Bid%257D%257D", "/{{recipient_id}}", "/{{person.KlaviyoID}}"),
        *("/*|UNIQID|*", "/*%7CUNIQID%7C*", "/%recipient.id%", "/%25recipient.id%25", "/%%id%%", "/[[id]]", "/${id}"),
        *("/<%=id%>", "/{%%20id%20%}", "/@id@", "/ann@example.org", "/ann%40example.org", "/Jean%20Dupont"),
        *("/M%C3%BCller", "/r%C3%BC", "/r+1", "/None", "/null", "/undefined", "/NaN", "/" + "x" * 65, "/r-1/r-2"),
        *("/r-1,r-2", "/[object%20Object]", "/r-1%0D%0Ar-2", "/r-1%00r-2", "/%C3", "/{{id}}/r-1"),
    ],
)
def test_template_without_a_valid_recipient_id_names_nobody(suffix: str) -> None:
    outcome, click = request(f"/{TEMPLATE}{suffix}")
    assert (outcome.status_counts, click.url, click.campaign) == ({"302": 1}, "https://shop.example/1", "summer")
    assert (click.recipient, click.message_id, click.recipient_unsealed) == ("", UNNAMED_MESSAGE_ID, False)
    assert click.damage == "invalid-recipient-id"


@pytest.mark.parametrize("suffix", ["", "/", "//", ".", "/.", "/%20", "%20", "/?fbclid=1", "/&fbclid=1", "&fbclid=1"])
def test_template_without_a_recipient_id_names_nobody(suffix: str) -> None:
    outcome, click = request(f"/{TEMPLATE}{suffix}")
    assert (outcome.status_counts, click.url, click.campaign) == ({"302": 1}, "https://shop.example/1", "summer")
    assert (click.recipient, click.message_id, click.damage) == ("", UNNAMED_MESSAGE_ID, "no-recipient-id")


@pytest.mark.parametrize("token_format", ["sealed", "campaign", "template"])
@pytest.mark.parametrize("change_case", [str.lower, str.upper], ids=["lower", "upper"])
@pytest.mark.parametrize("addition", ["", ".", "/", "%20", "&a=b"])
def test_link_in_one_case_gets_a_page_that_says_so(
    change_case: Callable[[str], str], token_format: str, addition: str
) -> None:
    outcome, click = request(f"/{change_case(LINKS[token_format])}{addition}")
    assert outcome.status_counts == {"404": 1}
    assert b"changed capital letters to small ones" in outcome.written
    assert b"Please ask the sender" in outcome.written
    assert (click.tampered, click.damage, click.message_id) == (True, "letter-case", "")


@pytest.mark.parametrize("token_format", ["sealed", "campaign", "short", "old short"])
@pytest.mark.parametrize(
    "suffix", ["/wp-login.php", "/.git/config", "/favicon.ico", "/r-2", "%2Fadmin", "//admin/", "/~/x"]
)
def test_path_below_a_token_is_another_page(suffix: str, token_format: str) -> None:
    first = f"GET /{LINKS[token_format]}{suffix} HTTP/1.1"
    outcome, quick_count = both(Scenario(pieces=[encode_lines(first, (HOST, *BROWSER))]))
    assert (outcome.status_counts, quick_count) == ({"404": 1}, 0)


foreign_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(
    st.sampled_from(["sealed", "campaign", "short", "old short"]),
    st.sampled_from(".>),;\"'»!?]}=*%\u200b\xa0|<&#\\`^~ \n"),
    foreign_text,
)
def test_no_text_after_a_token_leads_elsewhere(token_format: str, first: str, text: str) -> None:
    link = LINKS[token_format]
    path = quote(first + text, safe="")
    repair = repair_path(EDGE_RING, f"{link}{path}")
    assert repair is not None
    assert repair.path == link


@given(st.sampled_from(["sealed", "campaign", "short"]), st.integers(1, 200), foreign_text)
def test_part_of_a_token_is_never_repaired(token_format: str, lost: int, text: str) -> None:
    link = LINKS[token_format]
    path = link[: -min(lost, len(link))] + "." + quote(text, safe="")
    repair = repair_path(EDGE_RING, path)
    assert repair is None or len(repair.path) < 13  # old short tokens are shorter, and have other codes
