import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.html_places import examine_html, find_places
from clicktrail.rewrite.quoted_replies import QuoteScope, QuoteSign, load_quoted_replies
from tests.support.strategies import html_soups

INSIDE = "<a href=https://inside.example/>x</a>"
BEHIND = "<a href=https://behind.example/>x</a>"


def find_reasons(html: str) -> list[str]:
    """Hosts, with reason and detail of those that are left."""
    return [
        " ".join([link.url[8:-1], link.exclusion.reason, link.exclusion.detail]) if link.exclusion else link.url[8:-1]
        for link in find_links(html)
    ]


@pytest.mark.parametrize("sign", load_quoted_replies().sign, ids=lambda sign: f"{sign.attribute}={sign.value}")
def test_every_sign_is_recognised(sign: QuoteSign) -> None:
    tag = sign.tag or "div"
    html = f"<{tag} {sign.attribute}='{sign.value}'>{INSIDE}</{tag}>{BEHIND}"
    (inside, behind) = find_reasons(html)
    assert inside.startswith("inside.example quoted")
    assert behind.startswith("behind.example quoted") == (sign.scope is QuoteScope.REST)


@pytest.mark.parametrize(
    "tag",
    [
        "<blockquote type=cite>",
        "<BLOCKQUOTE\nTYPE = 'CITE' class=x>",
        '<blockquote cite="mid:1@a.example">',
        '<div class="gmail_quote gmail_quote_container">',
        '<blockquote class="gmail_quote" style="margin:0">',
        '<div class="x_gmail_quote">',
        '<div class="m_-8123gmail_quote">',
        '<div class="m_-8123m_12x_gmail_quote">',
        '<div id="ydp1a2b3c4dyahoo_quoted_2043" class="ydp1a2b3c4dyahoo_quoted">',
        '<div class="yahoo_quoted">',
        '<div class="protonmail_quote">',
        '<div class="zmail_extra">',
        '<div name="messageReplySection">',
        '<div class="moz-forward-container">',
    ],
)
def test_quote_ends_with_its_element(tag: str) -> None:
    name = tag[1:].split(maxsplit=1)[0].rstrip(">")
    html = f"{tag}<div><{name}>{INSIDE}</{name}></div></p>{INSIDE}</{name}>{BEHIND}"
    assert [reason.split()[:2] for reason in find_reasons(html)] == [
        ["inside.example", "quoted"],
        ["inside.example", "quoted"],
        ["behind.example"],
    ]


@pytest.mark.parametrize(
    "tag",
    [
        "<div id=divRplyFwdMsg>",
        '<div id="x_divRplyFwdMsg" dir="ltr">',
        '<div id="m_123divRplyFwdMsg">',
        "<div id='appendonsend'>",
        "<hr id=zwchr>",
        "<hr id='replySplit'/>",
        '<div id="mail-editor-reference-message-container" style="a">',
        '<div style="border:none; border-top:solid #E1E1E1 1.0pt; padding:3.0pt 0cm 0cm 0cm">',
        "<div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in'>",
        "<div style='padding: 3pt 0in 0in; border-style: solid none none; border-color: rgb(181,196,223) a'>",
    ],
)
def test_everything_behind_a_divider_is_quoted(tag: str) -> None:
    html = f"<div>{INSIDE}{tag}</div></div>{BEHIND}"
    assert [reason.split()[:2] for reason in find_reasons(html)] == [["inside.example"], ["behind.example", "quoted"]]


@pytest.mark.parametrize(
    "html",
    [
        f"<blockquote>{INSIDE}</blockquote>",
        f"<blockquote class=quote cite=https://a.example>{INSIDE}</blockquote>",
        f"<blockquote type=quote>{INSIDE}</blockquote>",
        f"<div class=testimonial_quote id=quoted>{INSIDE}</div>",
        f"<style>.gmail_quote {{}} #divRplyFwdMsg {{}}</style>{INSIDE}",
        f"<!-- <blockquote type=cite> -->{INSIDE}",
        f"<p title='gmail_quote'>gmail_quote divRplyFwdMsg {INSIDE}",
        f"<div class=not_gmail_quote>{INSIDE}",
        f"<a name=quote>{INSIDE}",
        f"<div style='border-top:solid #E1E1E1 1.0pt'>{INSIDE}",
        f"<img class=gmail_quote>{INSIDE}",
        f"<div class=gmail_quote></div>{INSIDE}",
    ],
)
def test_other_links_are_tracked(html: str) -> None:
    assert find_reasons(html) == ["inside.example"]


@pytest.mark.parametrize("name", ["pre", "code", "kbd", "samp", "PRE", "Code class=x"])
def test_links_in_code_are_left(name: str) -> None:
    tag = name.split(maxsplit=1)[0]
    html = f"<{name}><b>{INSIDE}</b></{tag}>{BEHIND}"
    assert find_reasons(html) == [f"inside.example code {tag.lower()}", "behind.example"]


@pytest.mark.parametrize(
    "html",
    [
        "<a href=https://inside.example/><code>pip</code></a>",
        f"<preview>{INSIDE}</preview>",
        f"<p class=code>&lt;pre&gt;{INSIDE}",
        f"<!-- <pre> -->{INSIDE}",
        f"</pre>{INSIDE}",
    ],
)
def test_links_around_code_are_tracked(html: str) -> None:
    assert find_reasons(html) == ["inside.example"]


URL = '<a itemprop="url" href=https://inside.example/>x</a>'


@pytest.mark.parametrize(
    ("scope", "detail"),
    [
        ('itemscope itemtype="http://schema.org/ViewAction"', "ViewAction"),
        ('itemscope itemtype="https://schema.org/ConfirmAction/"', "ConfirmAction"),
        ("itemscope itemtype='http://schema.org/HttpActionHandler' itemprop=handler", "HttpActionHandler"),
        ("itemscope itemtype=http://schema.org/EntryPoint itemprop=target", "EntryPoint"),
        ("ITEMSCOPE ITEMTYPE='http://schema.org/Thing http://schema.org/RsvpAction'", "RsvpAction"),
        ("itemprop=potentialAction itemscope", "potentialAction"),
        ("itemprop=action itemscope=itemscope", "action"),
    ],
)
def test_actions_for_mail_programs_are_left(scope: str, detail: str) -> None:
    html = f"<div {scope}><div>{URL.replace('url', 'target')}{URL}</div>{BEHIND}</div>{URL}"
    assert find_reasons(html) == [
        f"inside.example action {detail}",
        f"inside.example action {detail}",
        "behind.example",
        "inside.example",
    ]


@pytest.mark.parametrize(
    "html",
    [
        f'<div itemscope itemtype="http://schema.org/Product">{URL}</div>',
        f'<div itemscope itemtype="http://schema.org/Order"><div itemscope itemprop="seller">{URL}</div></div>',
        f'<div itemscope itemtype="http://schema.org/BuyAction"><p itemscope itemtype="http://schema.org/Product">{URL}',
        f'<div itemscope itemtype="http://schema.org/ActionFigure">{URL}</div>',
        f'<div itemtype="http://schema.org/ViewAction">{URL}</div>',
        f'<meta itemscope itemtype="http://schema.org/ViewAction">{URL}',
        URL,
    ],
)
def test_microdata_that_people_click_is_tracked(html: str) -> None:
    assert find_reasons(html) == ["inside.example"]


def test_actions_in_scripts_are_not_links() -> None:
    script = '{"@type":"ViewAction","target":"https://inside.example/","name":"<a href=https://inside.example/>"}'
    assert find_reasons(f"<script type='application/ld+json'>{script}</script>{BEHIND}") == ["behind.example"]


def test_first_place_counts() -> None:
    html = f"<div class=gmail_quote><pre>{INSIDE}</pre><div itemscope itemtype=//schema.org/ViewAction>{URL}</div>"
    assert find_reasons(html) == ["inside.example quoted gmail_quote"] * 2


def test_button_for_outlook_in_a_quote_is_left() -> None:
    html = (
        "<div class=gmail_quote><!--[if mso]><v:rect href=https://inside.example/></v:rect><![endif]--></div>"
        f"<!--[if mso]><div class=gmail_quote><![endif]-->{BEHIND}"
    )
    assert find_reasons(html) == ["inside.example quoted gmail_quote", "behind.example"]


SIGNED_SOUPS = st.lists(
    st.one_of(
        html_soups(),
        st.sampled_from(
            [
                *[
                    "<div class=gmail_quote>",
                    "</div>",
                    "<div>",
                    "<pre>",
                    "</pre>",
                    "<p itemscope itemtype=x/ViewAction>",
                ],
                *["<hr id=zwchr>", "<blockquote type=cite>", "</blockquote>", "</p>", INSIDE, URL, "<div itemscope>"],
            ]
        ),
    ),
    max_size=12,
).map("".join)


@given(SIGNED_SOUPS)
def test_places_are_in_order_and_found_by_their_signs(html: str) -> None:
    places = list(find_places(html))
    ends = [0, *(offset for place in places for offset in (place.start, place.end)), len(html)]
    assert ends == sorted(ends)
    assert not places or examine_html(html).may_have_places


def test_signs_have_sources() -> None:
    assert [sign.program for sign in load_quoted_replies().sign if not sign.source] == []


def test_place_goes_on_behind_the_last_tag_that_is_read() -> None:
    filler = "<p>" * 60_000
    assert find_reasons(f"<div class=gmail_quote>{filler}</div>{INSIDE}") == ["inside.example quoted gmail_quote"]
    assert find_reasons(f"<div class=gmail_quote></div>{filler}{INSIDE}") == ["inside.example"]
