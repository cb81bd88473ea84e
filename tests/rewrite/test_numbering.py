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
    links_by_body = REWRITER.number_links(bodies)
    return [[link.position for link in links] for links in links_by_body]


def html(*urls: str) -> Body:
    return Body(body_type=BodyType.HTML, text="".join(f'<a href="{url}">' for url in urls))


def text(*urls: str) -> Body:
    return Body(body_type=BodyType.TEXT, text="\n".join(urls))


A, B, C = "https://a.com/", "https://b.com/", "https://c.com/"


def test_each_html_link_has_its_own_position() -> None:
    assert positions(html(A, A, "mailto:a@b", B)) == [[0, 1, None, 2]]


def test_text_link_shares_the_position_of_the_first_html_link() -> None:
    assert positions(text(B, B, C, C), html(A, B, B)) == [[1, 1, 3, 4], [0, 1, 2]]


def test_text_alone_is_numbered_like_html() -> None:
    assert positions(text(A, A)) == [[0, 1]]


def test_opt_out_in_html_applies_to_the_text() -> None:
    opted_out = Body(body_type=BodyType.HTML, text=f'<a href="{A}" data-clicktrail="off"><a href="{B}">')
    assert positions(opted_out, text(A, B)) == [[None, 0], [None, 0]]


def test_opt_out_does_not_apply_to_other_links_with_the_url() -> None:
    body = Body(body_type=BodyType.HTML, text=f'<a href="{A}" data-clicktrail="off"><a href="{A}">')
    assert positions(body, text(A)) == [[None, 0], [0]]


def test_tracking_url_is_made_once_per_position_and_body_type() -> None:
    requested: list[NumberedLink] = []

    def recording(link: NumberedLink) -> str:
        requested.append(link)
        return tracking_url(link)

    build_rewriter(tag_url="{0.url}?utm".format, make_tracking_url=recording).number_links([text(A, C), html(A, B)])
    assert sorted(requested, key=lambda link: (link.position, link.body_type)) == [
        NumberedLink(destination=f"{A}?utm", position=0, link_count=3, body_type=BodyType.HTML),
        NumberedLink(destination=f"{A}?utm", position=0, link_count=3, body_type=BodyType.TEXT),
        NumberedLink(destination=f"{B}?utm", position=1, link_count=3, body_type=BodyType.HTML),
        NumberedLink(destination=f"{C}?utm", position=2, link_count=3, body_type=BodyType.TEXT),
    ]


def test_link_has_all_attributes() -> None:
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
    assert link == expected


def test_only_ascii_links_are_tracked_in_an_unknown_charset() -> None:
    body = Body(body_type=BodyType.TEXT, text="https://x.com/é https://x.com/e", has_valid_charset=False)
    ((first, second),) = REWRITER.number_links([body])
    assert (LinkReason.CHARSET, LinkReason.TRACKED) == (first.reason, second.reason)


@pytest.mark.parametrize(
    "url", ["https://go.example.com/a&b", 'https://go.example.com/"', "/a", "https://go.example.com/a-"]
)
def test_tracking_url_that_needs_quoting_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="that need quoting"):
        build_rewriter(make_tracking_url=lambda _: url).number_links([html(A)])


def test_link_without_a_tracking_url_is_too_long() -> None:
    bodies = [html(A, B), text(A)]
    found = build_rewriter(make_tracking_url=lambda link: tracking_url(link) if link.position else "").number_links(
        bodies
    )
    assert [[(link.reason, link.position) for link in links] for links in found] == [
        [(LinkReason.TOO_LONG, None), (LinkReason.TRACKED, 1)],
        [(LinkReason.TOO_LONG, None)],
    ]
    assert [found[0][0].replacement, found[0][0].destination, found[1][0].replacement] == ["", "", ""]


def test_alternates_share_position_and_tracking_url() -> None:
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{A}'>Buy</v:rect><![endif]--><a href='{A}'>Buy</a><a href='{A}'>Buy</a>",
    )
    ((vml, link, other),) = REWRITER.number_links([body])
    assert [(link.position, link.replacement == vml.replacement) for link in (vml, link, other)] == [
        (0, True),
        (0, True),
        (1, False),
    ]


@pytest.mark.parametrize("consent", Consent)
def test_opt_out_applies_to_all_alternates(consent: Consent) -> None:
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a clicktracking=off href='{A}'>",
    )
    policy = POLICY.for_consent(consent)
    (links,) = build_rewriter(policy=policy, tag_url="{0.url}?utm".format).number_links([body])
    assert [(link.reason, link.replacement) for link in links] == [(LinkReason.OPT_OUT, "")] * 2


def test_relative_link_is_resolved_by_the_base() -> None:
    body = Body(
        body_type=BodyType.HTML, text=f"<base href='{A}b/'><a href='c?d'><a href='/e'><a href='#f'><a href='{B}'>"
    )
    (links,) = REWRITER.number_links([body])
    assert [link.destination for link in links] == [f"{A}b/c?d", f"{A}e", "", B]


def test_link_has_line_and_group() -> None:
    body = Body(body_type=BodyType.HTML, text=f"<p>\n<a\nhref='{A}' data-clicktrail-group='offer'>")
    ((link,),) = REWRITER.number_links([body])
    assert (link.line, link.group) == (3, "offer")


def test_links_are_indexed_across_bodies() -> None:
    alternates = f"<!--[if mso]><v:rect href='{B}'></v:rect><![endif]--><a href='{B}'>x</a>"
    body = Body(body_type=BodyType.HTML, text=f"<a href='mailto:a@b'>{alternates}<a href='{A}'>")
    links_by_body = REWRITER.number_links([text(C, A), body])
    assert [[(link.index, link.position) for link in links] for links in links_by_body] == [
        [(0, 2), (1, 1)],
        [(2, None), (3, 0), (3, 0), (4, 1)],
    ]


def test_untracked_alternates_share_their_index() -> None:
    url = f"{A}unsubscribe"
    body = Body(
        body_type=BodyType.HTML,
        text=f"<!--[if mso]><v:rect href='{url}'></v:rect><![endif]--><a href='{url}'>x</a><a href='{A}'>",
    )
    (links,) = REWRITER.number_links([body])
    assert [link.index for link in links] == [0, 0, 1]


def test_alternates_without_consent_are_tagged_once() -> None:
    tagged: list[str] = []

    def tag(candidate: Candidate) -> str:
        tagged.append(candidate.url)
        return f"{candidate.url}?{len(tagged)}"

    alternates = f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}'>x</a><a href='{A}'>x</a>"
    bodies = [text(A), Body(body_type=BodyType.HTML, text=alternates)]
    (of_text, of_html) = build_rewriter(policy=POLICY.for_consent(Consent.DENIED), tag_url=tag).number_links(bodies)
    assert [link.destination for link in of_html] == [f"{A}?1", f"{A}?1", f"{A}?2"]
    assert [link.replacement for link in of_text] == [f"{A}?1"]
    assert tagged == [A, A]


def test_links_of_a_skipped_text_are_untracked() -> None:
    unsubscribe = f"{A}unsubscribe"
    links_by_body = build_rewriter(policy=dataclasses.replace(POLICY, plain_text=PlainTextMode.SKIP)).number_links(
        [text(A, C, unsubscribe), html(A)]
    )
    assert [[(LinkReason.PLAIN_TEXT, None, "")] * 2 + [(LinkReason.UNSUBSCRIBE, None, "")], [0]] == [
        [(link.reason, link.position, link.replacement) for link in links_by_body[0]],
        [link.position for link in links_by_body[1]],
    ]


def test_links_of_a_skipped_text_without_consent_are_untracked() -> None:
    policy = dataclasses.replace(POLICY, plain_text=PlainTextMode.SKIP).for_consent(Consent.DENIED)
    ((link,),) = build_rewriter(policy=policy, tag_url="{0.url}?utm".format).number_links([text(A)])
    assert (LinkReason.PLAIN_TEXT, "", "") == (link.reason, link.destination, link.replacement)


@given(text_soups())
def test_flowed_text_is_rewritten_like_the_joined_text(soup: str) -> None:
    def rewritten(body: Body) -> str:
        (links,) = REWRITER.number_links([body])
        return replace_links(body.text, links)

    flowed = rewritten(Body(body_type=BodyType.TEXT, text=soup, flow=Flow.DELSP))
    assert join_flowed_lines(flowed, Flow.DELSP).text == rewritten(
        Body(body_type=BodyType.TEXT, text=join_flowed_lines(soup, Flow.DELSP).text)
    )


def test_tracking_url_is_made_with_the_group() -> None:
    requested: list[NumberedLink] = []

    def recording(link: NumberedLink) -> str:
        requested.append(link)
        return tracking_url(link)

    body = Body(body_type=BodyType.HTML, text=f"<a href='{A}' data-clicktrail-group='R&amp;D'><a href='{B}'>")
    build_rewriter(make_tracking_url=recording).number_links([body, text(A)])
    assert [(link.position, link.group) for link in requested] == [(0, "R&D"), (1, ""), (0, "R&D")]


def test_group_applies_to_all_alternates() -> None:
    alternates = (
        f"<!--[if mso]><v:rect href='{A}'></v:rect><![endif]--><a href='{A}' data-clicktrail-group='offer'>x</a>"
    )
    (links,) = REWRITER.number_links([Body(body_type=BodyType.HTML, text=alternates)])
    assert [(link.position, link.group) for link in links] == [(0, "offer"), (0, "offer")]


@pytest.mark.parametrize("value", ["trap", "TRAP"])
def test_trap_has_a_position_of_its_own(value: str) -> None:
    requested: dict[int, bool] = {}

    def recording(link: NumberedLink) -> str:
        requested[link.position] = link.is_trap
        return tracking_url(link)

    marked = f"<!--[if mso]><a href='{A}' data-clicktrail='{value}'></a><![endif]--><a href='{A}'>"
    body = Body(body_type=BodyType.HTML, text=marked)
    html_links, text_links = build_rewriter(make_tracking_url=recording).number_links([body, text(A)])
    assert [(link.position, link.is_trap) for link in (*html_links, *text_links)] == [(0, True), (1, False), (1, False)]
    assert requested == {0: True, 1: False}


def test_trap_is_the_only_link_with_its_url_in_html() -> None:
    body = Body(body_type=BodyType.HTML, text=f"<a href='{A}' data-clicktrail=trap>")
    assert positions(body, text(A)) == [[0], [1]]


def test_other_values_make_no_trap() -> None:
    (links,) = REWRITER.number_links(
        [Body(body_type=BodyType.HTML, text=f"<a href='{A}'><a href='{A}' data-clicktrail=on>")]
    )
    assert [link.is_trap for link in links] == [False, False]
