import dataclasses

import pytest
from hypothesis import given

from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType, Link, LinkReason
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.numbering import Body, NumberedLink
from clicktrail.rewrite.policy import PlainTextMode
from clicktrail.rewrite.text_links import Flow, join_flowed_lines
from tests.support.rewriting import POLICY, REWRITER, build_rewriter, replace_links, tracking_url
from tests.support.strategies import text_soups


def positions(*bodies: Body) -> list[list[int | None]]:
    """The position of each link of each body."""
    placed = REWRITER.number_links(bodies)
    return [[link.position for link in links] for links in placed]


def html(*urls: str) -> Body:
    """An HTML body that links to URLs."""
    return Body(body_type=BodyType.HTML, text="".join(f'<a href="{url}">' for url in urls))


def text(*urls: str) -> Body:
    """A plain-text body that names URLs."""
    return Body(body_type=BodyType.TEXT, text="\n".join(urls))


A, B, C = "https://a.com/", "https://b.com/", "https://c.com/"


def test_html_links_are_numbered_in_their_order_each_by_itself() -> None:
    assert [[0, 1, None, 2]] == positions(html(A, A, "mailto:a@b", B))


def test_a_text_link_is_the_first_html_link_that_leads_there() -> None:
    assert [[1, 1, 3, 4], [0, 1, 2]] == positions(text(B, B, C, C), html(A, B, B))


def test_text_alone_is_numbered_like_html() -> None:
    assert [[0, 1]] == positions(text(A, A))


def test_an_opt_out_in_html_holds_for_the_text() -> None:
    opted_out = Body(body_type=BodyType.HTML, text=f'<a href="{A}" data-clicktrail="off"><a href="{B}">')
    assert [[None, 0], [None, 0]] == positions(opted_out, text(A, B))


def test_one_opt_out_of_two_does_not_bind_the_other() -> None:
    body = Body(body_type=BodyType.HTML, text=f'<a href="{A}" data-clicktrail="off"><a href="{A}">')
    assert [[None, 0], [0]] == positions(body, text(A))


def test_urls_are_made_once_a_position_and_part_with_the_number_of_all() -> None:
    asked: list[NumberedLink] = []

    def recording(placed: NumberedLink) -> str:
        asked.append(placed)
        return tracking_url(placed)

    build_rewriter(tag_url="{0.url}?utm".format, make_tracking_url=recording).number_links([text(A, C), html(A, B)])
    assert [
        NumberedLink(destination=f"{A}?utm", position=0, link_count=3, body_type=BodyType.HTML),
        NumberedLink(destination=f"{A}?utm", position=0, link_count=3, body_type=BodyType.TEXT),
        NumberedLink(destination=f"{B}?utm", position=1, link_count=3, body_type=BodyType.HTML),
        NumberedLink(destination=f"{C}?utm", position=2, link_count=3, body_type=BodyType.TEXT),
    ] == sorted(asked, key=lambda placed: (placed.position, placed.body_type))


def test_a_link_says_all_about_itself() -> None:
    body = Body(body_type=BodyType.HTML, text='<a href=" https://x.com/?a&amp;b ">')
    ((link,),) = build_rewriter(
        tag_url="{0.url}&utm".format, make_tracking_url=lambda _: "https://go.example.com/t"
    ).number_links([body])
    expected = Link(
        body_index=0,
        body_type=BodyType.HTML,
        start=9,
        end=33,
        href=" https://x.com/?a&b ",
        reason=LinkReason.TRACKED,
        position=0,
        destination="https://x.com/?a&b&utm",
        replacement="https://go.example.com/t",
    )
    assert expected == link


def test_where_the_charset_is_unknown_only_ascii_links_are_tracked() -> None:
    body = Body(body_type=BodyType.TEXT, text="https://x.com/é https://x.com/e", has_valid_charset=False)
    ((first, second),) = REWRITER.number_links([body])
    assert (LinkReason.CHARSET, LinkReason.TRACKED) == (first.reason, second.reason)


@pytest.mark.parametrize(
    "url", ["https://go.example.com/a&b", 'https://go.example.com/"', "/a", "https://go.example.com/a-"]
)
def test_a_tracking_url_needs_no_quoting(url: str) -> None:
    with pytest.raises(ValueError, match="that need quoting"):
        build_rewriter(make_tracking_url=lambda _: url).number_links([html(A)])


def test_a_link_without_a_tracking_url_stays_as_it_is() -> None:
    bodies = [html(A, B), text(A)]
    found = build_rewriter(
        make_tracking_url=lambda placed: tracking_url(placed) if placed.position else ""
    ).number_links(bodies)
    assert [[(LinkReason.TOO_LONG, None), (LinkReason.TRACKED, 1)], [(LinkReason.TOO_LONG, None)]] == [
        [(link.reason, link.position) for link in links] for links in found
    ]
    assert ["", "", ""] == [found[0][0].replacement, found[0][0].destination, found[1][0].replacement]


def test_twins_are_one_position_with_one_tracking_url() -> None:
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{A}'>Buy</v:rect><![endif]--><a href='{A}'>Buy</a><a href='{A}'>Buy</a>",
    )
    ((vml, twin, other),) = REWRITER.number_links([body])
    assert [(0, True), (0, True), (1, False)] == [
        (link.position, link.replacement == vml.replacement) for link in (vml, twin, other)
    ]


@pytest.mark.parametrize("consent", Consent)
def test_an_opt_out_of_one_twin_is_that_of_both(consent: Consent) -> None:
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a clicktracking=off href='{A}'>",
    )
    policy = POLICY.for_consent(consent)
    (links,) = build_rewriter(policy=policy, tag_url="{0.url}?utm".format).number_links([body])
    assert [(LinkReason.OPT_OUT, "")] * 2 == [(link.reason, link.replacement) for link in links]


def test_a_relative_link_leads_where_the_base_says() -> None:
    body = Body(
        body_type=BodyType.HTML, text=f"<base href='{A}b/'><a href='c?d'><a href='/e'><a href='#f'><a href='{B}'>"
    )
    (links,) = REWRITER.number_links([body])
    assert [f"{A}b/c?d", f"{A}e", "", B] == [link.destination for link in links]


def test_a_link_tells_its_line_and_group() -> None:
    body = Body(body_type=BodyType.HTML, text=f"<p>\n<a\nhref='{A}' data-clicktrail-group='offer'>")
    ((link,),) = REWRITER.number_links([body])
    assert (3, "offer") == (link.line, link.group)


def test_every_link_has_an_index_in_the_order_of_the_bodies() -> None:
    twins = f"<!--[if mso]><v:rect href='{B}'></v:rect><![endif]--><a href='{B}'>x</a>"
    body = Body(body_type=BodyType.HTML, text=f"<a href='mailto:a@b'>{twins}<a href='{A}'>")
    placed = REWRITER.number_links([text(C, A), body])
    assert [[(0, 2), (1, 1)], [(2, None), (3, 0), (3, 0), (4, 1)]] == [
        [(link.index, link.position) for link in links] for links in placed
    ]


def test_twins_that_are_not_tracked_share_their_index() -> None:
    url = f"{A}unsubscribe"
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{url}'></v:rect><![endif]--><a href='{url}'>x</a><a href='{A}'>",
    )
    (links,) = REWRITER.number_links([body])
    assert [0, 0, 1] == [link.index for link in links]


def test_twins_without_consent_are_tagged_once() -> None:
    tagged: list[str] = []

    def tag(candidate: Candidate) -> str:
        tagged.append(candidate.url)
        return f"{candidate.url}?{len(tagged)}"

    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a><a href='{A}'>x</a>"
    bodies = [text(A), Body(body_type=BodyType.HTML, text=twins)]
    (of_text, of_html) = build_rewriter(policy=POLICY.for_consent(Consent.DENIED), tag_url=tag).number_links(bodies)
    assert [f"{A}?1", f"{A}?1", f"{A}?2"] == [link.destination for link in of_html]
    assert [f"{A}?1"] == [link.replacement for link in of_text]
    assert [A, A] == tagged


def test_the_links_of_a_skipped_text_stay_with_the_reason() -> None:
    unsubscribe = f"{A}unsubscribe"
    placed = build_rewriter(policy=dataclasses.replace(POLICY, plain_text=PlainTextMode.SKIP)).number_links(
        [text(A, C, unsubscribe), html(A)]
    )
    assert [[(LinkReason.PLAIN_TEXT, None, "")] * 2 + [(LinkReason.UNSUBSCRIBE, None, "")], [0]] == [
        [(link.reason, link.position, link.replacement) for link in placed[0]],
        [link.position for link in placed[1]],
    ]


def test_the_links_of_a_skipped_text_stay_without_consent_too() -> None:
    policy = dataclasses.replace(POLICY, plain_text=PlainTextMode.SKIP).for_consent(Consent.DENIED)
    ((link,),) = build_rewriter(policy=policy, tag_url="{0.url}?utm".format).number_links([text(A)])
    assert (LinkReason.PLAIN_TEXT, "", "") == (link.reason, link.destination, link.replacement)


@given(text_soups())
def test_a_flowed_text_reads_as_if_it_had_not_been_broken(soup: str) -> None:
    def rewritten(body: Body) -> str:
        (links,) = REWRITER.number_links([body])
        return replace_links(body.text, links)

    flowed = rewritten(Body(body_type=BodyType.TEXT, text=soup, flow=Flow.DELSP))
    assert join_flowed_lines(flowed, Flow.DELSP).text == rewritten(
        Body(body_type=BodyType.TEXT, text=join_flowed_lines(soup, Flow.DELSP).text)
    )


def test_a_tracking_url_is_asked_for_with_the_group() -> None:
    asked: list[NumberedLink] = []

    def recording(placed: NumberedLink) -> str:
        asked.append(placed)
        return tracking_url(placed)

    body = Body(body_type=BodyType.HTML, text=f"<a href='{A}' data-clicktrail-group='R&amp;D'><a href='{B}'>")
    build_rewriter(make_tracking_url=recording).number_links([body, text(A)])
    assert [(0, "R&D"), (1, ""), (0, "R&D")] == [(placed.position, placed.group) for placed in asked]


def test_twins_have_the_group_that_one_of_them_has() -> None:
    twins = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}' data-clicktrail-group='offer'>x</a>"
    (links,) = REWRITER.number_links([Body(body_type=BodyType.HTML, text=twins)])
    assert [(0, "offer"), (0, "offer")] == [(link.position, link.group) for link in links]
