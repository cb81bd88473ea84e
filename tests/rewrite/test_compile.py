import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent
from clicktrail.model.link import Part
from clicktrail.rewrite import Placed, rewrite_html
from clicktrail.rewrite.compile import Campaign, compile_campaign
from clicktrail.rewrite.policy import PlainText
from tests.rewriting import POLICY, untagged

BEGINNING = "https://go.example.com/anna/"
HTML = (
    '<p>é<a href="https://example.com/a?x=1&amp;y=2">A</a><a href="mailto:shop@example.com">B</a>'
    '<a data-clicktrail-group="offer" href="{{ offer }}">C</a><a href="https://example.com/b">D</a>'
)
TEXT = "See https://example.com/b, {{ unsubscribe }} or https://example.com/c."
PIECES = st.lists(
    st.sampled_from(
        [
            "<p>",
            "é",
            '<a href="https://example.com/a">A</a>',
            "<a href=https://example.com/b>",
            '<a href="#">',
            '"',
            ">",
        ]
    ),
    max_size=12,
).map("".join)


def end(placed: Placed) -> str:
    """An end that names its position."""
    return f"{placed.position}of{placed.links}"


def compiled(html: str, text: str = "") -> Campaign:
    """A campaign with such ends."""
    return compile_campaign(html=html, text=text, policy=POLICY, tag=untagged, end=end)


def test_each_recipient_gets_the_bodies_with_links_of_their_own() -> None:
    """All but the links is as written; a personal link is the recipient's whole own; the text shares positions."""
    campaign = compiled(HTML, TEXT)

    html = campaign.html.render(BEGINNING, ["https://go.example.com/anna-offer"])

    assert 4 == campaign.links
    assert [("{{ offer }}", "offer")] == [(link.href, link.group) for link in campaign.html.personal]
    assert html == (
        HTML.replace("https://example.com/a?x=1&amp;y=2", f"{BEGINNING}0of4")
        .replace("{{ offer }}", "https://go.example.com/anna-offer")
        .replace("https://example.com/b", f"{BEGINNING}1of4")
    )
    assert campaign.text.render(BEGINNING) == TEXT.replace("https://example.com/b", f"{BEGINNING}1of4").replace(
        "https://example.com/c", f"{BEGINNING}2of4"
    )


def test_an_end_is_asked_for_with_the_group() -> None:
    """Who keeps the link set has no other way to know it."""
    asked: list[Placed] = []

    def recording(placed: Placed) -> str:
        asked.append(placed)
        return end(placed)

    compile_campaign(
        html='<a data-clicktrail-group="offer" href="https://example.com/b">B</a>',
        text="https://example.com/b",
        policy=POLICY,
        tag=untagged,
        end=recording,
    )
    assert [(0, Part.HTML, "offer"), (0, Part.TEXT, "offer")] == [
        (placed.position, placed.part, placed.group) for placed in asked
    ]


def test_hosts_are_compiled_into_a_text_beside_its_links() -> None:
    """They are the same for every recipient."""
    campaign = compile_campaign(
        html=HTML,
        text="Shop <https://example.com/b>, https://example.com/c.",
        policy=dataclasses.replace(POLICY, text=PlainText.NAMED),
        tag=untagged,
        end=end,
    )
    assert f"Shop <{BEGINNING}1of4> (example.com), {BEGINNING}2of4 (example.com)." == campaign.text.render(BEGINNING)


@given(PIECES)
def test_a_compiled_body_is_the_rewritten_one(html: str) -> None:
    """Whether once for all or for each recipient anew, the same comes out."""
    rewritten = rewrite_html(html, policy=POLICY, tag=untagged, tracking_url=lambda placed: f"{BEGINNING}{end(placed)}")

    assert rewritten.text == compiled(html).html.render(BEGINNING)


def test_without_consent_links_stay_plain() -> None:
    """The campaign of those who are not tracked has one form for all of them."""
    policy = POLICY.for_consent(Consent.DENIED)
    campaign = compile_campaign(html=HTML, policy=policy, tag=lambda link: f"{link.url}?utm_source=email", end=end)

    assert '<a href="https://example.com/b?utm_source=email">' in campaign.html.render(BEGINNING, ["x"])


@pytest.mark.parametrize("urls", [[], ["https://go.example.com/1", "https://go.example.com/2"]])
def test_each_personal_link_needs_its_url(urls: list[str]) -> None:
    """A body with a merge tag left in it would go out otherwise."""
    with pytest.raises(ValueError, match="zip"):
        compiled(HTML).html.render(BEGINNING, urls)


@pytest.mark.parametrize("wrong", ["", "a b", 'a"', "a."])
def test_an_end_that_would_need_quoting_is_refused(wrong: str) -> None:
    """It stands in every quoting of HTML, and in text."""
    with pytest.raises(ValueError, match="not an end of a tracking URL"):
        compile_campaign(html=HTML, policy=POLICY, tag=untagged, end=lambda _: wrong)
