import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite import NumberedLink, rewrite_html
from clicktrail.rewrite.campaign import CompiledMessage, PersonalUrlBuilder, compile_campaign
from clicktrail.rewrite.policy import PlainTextMode, Policy
from tests.support.rewriting import POLICY, keep_url

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


def ends(links: int) -> list[str]:
    """Ends that name their position."""
    return [f"{position}of{links}" for position in range(links)]


def compiled(html: str, text: str = "", *, policy: Policy = POLICY) -> CompiledMessage:
    """A campaign with such ends."""
    return compile_campaign(html=html, text=text, policy=policy, tag_url=keep_url, make_url_suffixes=ends)


def test_each_recipient_gets_the_bodies_with_links_of_their_own() -> None:
    campaign = compiled(HTML, TEXT)

    html = campaign.html.render(BEGINNING, ["https://go.example.com/anna-offer"])

    assert [("{{ offer }}", "offer", 3)] == [
        (link.href, link.group, link.position) for link in campaign.html.personal_links
    ]
    assert html == (
        HTML.replace("https://example.com/a?x=1&amp;y=2", f"{BEGINNING}0of4")
        .replace("{{ offer }}", "https://go.example.com/anna-offer")
        .replace("https://example.com/b", f"{BEGINNING}1of4")
    )
    assert campaign.text.render(BEGINNING) == TEXT.replace("https://example.com/b", f"{BEGINNING}1of4").replace(
        "https://example.com/c", f"{BEGINNING}2of4"
    )


def test_positions_say_where_links_lead() -> None:
    campaign = compiled(f'<a data-clicktrail-group="hats" href="https://example.com/h">H</a>{HTML}', TEXT)
    assert [
        ("https://example.com/h", "hats"),
        ("https://example.com/a?x=1&y=2", ""),
        ("https://example.com/b", ""),
        ("https://example.com/c", ""),
        ("", "offer"),
    ] == [(link.destination, link.group) for link in campaign.links_by_position]


def test_twins_of_a_personal_link_are_one() -> None:
    button = '<!--[if mso]><v:roundrect href="{{ x }}" data-clicktrail-group="x">X</v:roundrect><![endif]-->'
    other = '<!--[if !mso]><!--><a href="{{ x }}" data-clicktrail-group="x">X</a><!--<![endif]-->'
    campaign = compiled(button + other)
    assert [0, 0] == [link.position for link in campaign.html.personal_links]
    assert 1 == len(campaign.links_by_position)


def test_all_links_are_told() -> None:
    links = compiled(HTML, TEXT).links
    assert [
        (BodyType.HTML, LinkReason.TRACKED),
        (BodyType.HTML, LinkReason.NOT_WEB),
        (BodyType.HTML, LinkReason.MERGE_TAG),
        (BodyType.HTML, LinkReason.TRACKED),
        (BodyType.TEXT, LinkReason.TRACKED),
        (BodyType.TEXT, LinkReason.TRACKED),
    ] == [(link.body_type, link.reason) for link in links]
    assert {""} == {link.replacement for link in links}


def test_hosts_are_compiled_into_a_text_beside_its_links() -> None:
    text = "Shop <https://example.com/b>, https://example.com/c."
    campaign = compiled(HTML, text, policy=dataclasses.replace(POLICY, plain_text=PlainTextMode.SHOW_HOST))
    assert f"Shop <{BEGINNING}1of4> (example.com), {BEGINNING}2of4 (example.com)." == campaign.text.render(BEGINNING)


@given(PIECES)
def test_a_compiled_body_is_the_rewritten_one(html: str) -> None:
    rewritten = rewrite_html(
        html,
        policy=POLICY,
        tag_url=keep_url,
        make_tracking_url=lambda placed: f"{BEGINNING}{ends(placed.link_count)[placed.position]}",
    )

    assert rewritten.text == compiled(html).html.render(BEGINNING)


def test_without_consent_links_stay_plain() -> None:
    policy = POLICY.for_consent(Consent.DENIED)
    campaign = compile_campaign(
        html=HTML, policy=policy, tag_url=lambda link: f"{link.url}?utm_source=email", make_url_suffixes=ends
    )

    assert '<a href="https://example.com/b?utm_source=email">' in campaign.html.render(BEGINNING, ["x"])


@pytest.mark.parametrize("urls", [[], ["https://go.example.com/1", "https://go.example.com/2"]])
def test_each_personal_link_needs_its_url(urls: list[str]) -> None:
    with pytest.raises(ValueError, match="zip"):
        compiled(HTML).html.render(BEGINNING, urls)


@pytest.mark.parametrize("wrong", ["", "a b", 'a"', "a."])
def test_an_end_that_would_need_quoting_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an end of a tracking URL"):
        compile_campaign(html=HTML, policy=POLICY, tag_url=keep_url, make_url_suffixes=lambda links: [wrong] * links)


LINK = Link(
    body_type=BodyType.HTML, start=0, end=5, href="{{ x }}", reason=LinkReason.MERGE_TAG, position=3, group="offer"
)


def urls(policy: Policy, *, too_long: bool = False) -> tuple[PersonalUrlBuilder, list[NumberedLink]]:
    """Personal URLs, and what was sealed for them."""
    sealed: list[NumberedLink] = []

    def tracking_url(placed: NumberedLink) -> str:
        sealed.append(placed)
        return "" if too_long else "https://go.example.com/token"

    return PersonalUrlBuilder(
        link_count=4,
        policy=policy,
        tag_url=lambda link: f"{link.url}?utm_source=email&a=b",
        make_tracking_url=tracking_url,
    ), sealed


def test_a_recipient_has_a_tracking_url_of_their_own() -> None:
    personal, sealed = urls(POLICY)
    assert "https://go.example.com/token" == personal.build_url(LINK, "https://example.com/for-anna")
    assert [
        NumberedLink(
            destination="https://example.com/for-anna?utm_source=email&a=b",
            position=3,
            link_count=4,
            body_type=BodyType.HTML,
            group="offer",
        )
    ] == sealed


def test_without_consent_it_is_plain_with_utm_parameters() -> None:
    personal, sealed = urls(POLICY.for_consent(Consent.DENIED))
    assert "https://example.com/?utm_source=email&amp;a=b" == personal.build_url(LINK, "https://example.com/")
    assert [] == sealed


@pytest.mark.parametrize(
    ("destination", "written"),
    [
        ("mailto:anna@example.com", "mailto:anna@example.com"),
        ("https://go.example.com/token", "https://go.example.com/token"),
        ("https://example.com/unsubscribe?a=1&b=2", "https://example.com/unsubscribe?a=1&amp;b=2"),
        ('https://example.com/"><script>', "https://example.com/&#34;&#62;&#60;script&#62;"),
        ("", ""),
    ],
)
def test_the_policy_looks_at_each_destination(destination: str, written: str) -> None:
    personal, sealed = urls(Policy(tracking_domains=POLICY.tracking_domains, denied_hosts=("example.com",)))
    assert written == personal.build_url(LINK, destination)
    assert [] == sealed


def test_what_would_be_too_long_stays_plain() -> None:
    personal, _ = urls(POLICY, too_long=True)
    assert "https://example.com/" == personal.build_url(LINK, "https://example.com/")
