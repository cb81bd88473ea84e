import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite import NumberedLink, rewrite_html
from clicktrail.rewrite.campaign import CompiledMessage, build_personal_urls, compile_campaign
from clicktrail.rewrite.policy import PlainTextMode, Policy
from tests.support.rewriting import POLICY, build_rewriter, keep_url

URL_PREFIX = "https://go.example.com/anna/"
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


def build_suffixes(count: int) -> list[str]:
    return [f"{position}of{count}" for position in range(count)]


def compiled(html: str, text: str = "", *, policy: Policy = POLICY) -> CompiledMessage:
    return compile_campaign(html=html, text=text, policy=policy, tag_url=keep_url, make_url_suffixes=build_suffixes)


def test_bodies_are_rendered_for_a_recipient() -> None:
    campaign = compiled(HTML, TEXT)

    html = campaign.html.render(URL_PREFIX, ["https://go.example.com/anna-offer"])

    assert [(link.href, link.group, link.position) for link in campaign.html.personal_links] == [
        ("{{ offer }}", "offer", 3)
    ]
    assert html == (
        HTML.replace("https://example.com/a?x=1&amp;y=2", f"{URL_PREFIX}0of4")
        .replace("{{ offer }}", "https://go.example.com/anna-offer")
        .replace("https://example.com/b", f"{URL_PREFIX}1of4")
    )
    assert campaign.text.render(URL_PREFIX) == TEXT.replace("https://example.com/b", f"{URL_PREFIX}1of4").replace(
        "https://example.com/c", f"{URL_PREFIX}2of4"
    )


def test_links_by_position_hold_the_destinations() -> None:
    campaign = compiled(f'<a data-clicktrail-group="hats" href="https://example.com/h">H</a>{HTML}', TEXT)
    assert [(link.destination, link.group) for link in campaign.links_by_position] == [
        ("https://example.com/h", "hats"),
        ("https://example.com/a?x=1&y=2", ""),
        ("https://example.com/b", ""),
        ("https://example.com/c", ""),
        ("", "offer"),
    ]


def test_alternates_of_a_personal_link_share_a_position() -> None:
    button = '<!--[if mso]><v:roundrect href="{{ x }}" data-clicktrail-group="x">X</v:roundrect><![endif]-->'
    other = '<!--[if !mso]><!--><a href="{{ x }}" data-clicktrail-group="x">X</a><!--<![endif]-->'
    campaign = compiled(button + other)
    assert [link.position for link in campaign.html.personal_links] == [0, 0]
    assert len(campaign.links_by_position) == 1


def test_links_of_both_bodies_are_reported() -> None:
    links = compiled(HTML, TEXT).links
    assert [(link.body_type, link.reason) for link in links] == [
        (BodyType.HTML, LinkReason.TRACKED),
        (BodyType.HTML, LinkReason.NOT_WEB),
        (BodyType.HTML, LinkReason.MERGE_TAG),
        (BodyType.HTML, LinkReason.TRACKED),
        (BodyType.TEXT, LinkReason.TRACKED),
        (BodyType.TEXT, LinkReason.TRACKED),
    ]
    assert {link.replacement for link in links} == {""}


def test_destination_hosts_are_compiled_into_the_text() -> None:
    text = "Shop <https://example.com/b>, https://example.com/c."
    campaign = compiled(HTML, text, policy=dataclasses.replace(POLICY, plain_text=PlainTextMode.SHOW_HOST))
    assert campaign.text.render(URL_PREFIX) == f"Shop <{URL_PREFIX}1of4> (example.com), {URL_PREFIX}2of4 (example.com)."


@given(PIECES)
def test_compiled_body_equals_the_rewritten_body(html: str) -> None:
    rewritten = rewrite_html(
        html,
        build_rewriter(make_tracking_url=lambda link: f"{URL_PREFIX}{build_suffixes(link.link_count)[link.position]}"),
    )

    assert rewritten.text == compiled(html).html.render(URL_PREFIX)


def test_without_consent_links_stay_plain() -> None:
    policy = POLICY.for_consent(Consent.DENIED)
    campaign = compile_campaign(
        html=HTML, policy=policy, tag_url=lambda link: f"{link.url}?utm_source=email", make_url_suffixes=build_suffixes
    )

    assert '<a href="https://example.com/b?utm_source=email">' in campaign.html.render(URL_PREFIX, ["x"])


@pytest.mark.parametrize("urls", [[], ["https://go.example.com/1", "https://go.example.com/2"]])
def test_wrong_number_of_personal_urls_is_refused(urls: list[str]) -> None:
    with pytest.raises(ValueError, match="zip"):
        compiled(HTML).html.render(URL_PREFIX, urls)


@pytest.mark.parametrize("suffix", ["", "a b", 'a"', "a."])
def test_suffix_that_needs_quoting_is_refused(suffix: str) -> None:
    with pytest.raises(ValueError, match="that need quoting"):
        compile_campaign(html=HTML, policy=POLICY, tag_url=keep_url, make_url_suffixes=lambda count: [suffix] * count)


PERSONAL_LINK = Link(
    body_type=BodyType.HTML, start=0, end=5, href="{{ x }}", reason=LinkReason.MERGE_TAG, position=3, group="offer"
)


def personal_url(
    destination: str, *, policy: Policy = POLICY, tracking_url: str = "https://go.example.com/token"
) -> tuple[str, list[NumberedLink]]:
    """The URL of a personal link, and the links that a tracking URL was made for."""
    sealed: list[NumberedLink] = []

    def make_tracking_url(link: NumberedLink) -> str:
        sealed.append(link)
        return tracking_url

    rewriter = build_rewriter(
        policy, tag_url=lambda link: f"{link.url}?utm_source=email&a=b", make_tracking_url=make_tracking_url
    )
    (url,) = build_personal_urls([PERSONAL_LINK], [destination], link_count=4, rewriter=rewriter)
    return url, sealed


def test_personal_link_gets_a_tracking_url() -> None:
    url, sealed = personal_url("https://example.com/for-anna")
    assert url == "https://go.example.com/token"
    assert sealed == [
        NumberedLink(
            destination="https://example.com/for-anna?utm_source=email&a=b",
            position=3,
            link_count=4,
            body_type=BodyType.HTML,
            group="offer",
        )
    ]


def test_personal_link_without_consent_is_the_tagged_destination() -> None:
    url = personal_url("https://example.com/", policy=POLICY.for_consent(Consent.DENIED))
    assert url == ("https://example.com/?utm_source=email&amp;a=b", [])


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("mailto:anna@example.com", "mailto:anna@example.com"),
        ("https://go.example.com/token", "https://go.example.com/token"),
        ("https://example.com/unsubscribe?a=1&b=2", "https://example.com/unsubscribe?a=1&amp;b=2"),
        ('https://example.com/"><script>', "https://example.com/&#34;&#62;&#60;script&#62;"),
        ("", ""),
    ],
)
def test_policy_decides_on_personal_destinations(destination: str, expected: str) -> None:
    policy = Policy(tracking_domains=POLICY.tracking_domains, denied_hosts=("example.com",))
    assert personal_url(destination, policy=policy) == (expected, [])


def test_personal_link_without_a_tracking_url_stays_plain() -> None:
    url, _ = personal_url("https://example.com/", tracking_url="")
    assert url == "https://example.com/"
