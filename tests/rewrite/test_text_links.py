import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import rewrite_html, rewrite_text
from clicktrail.rewrite.policy import PlainTextMode, Policy
from clicktrail.rewrite.text_links import Flow, find_links, join_flowed_lines, parse_flow
from tests.support.rewriting import POLICY, build_rewriter
from tests.support.strategies import text_soups


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://x.com/a.", ["https://x.com/a"]),
        ("See https://x.com/a, HTTP://y.com/b! and", ["https://x.com/a", "HTTP://y.com/b"]),
        ("(https://x.com/a)", ["https://x.com/a"]),
        ("(see https://x.com/a).", ["https://x.com/a"]),
        ("https://en.wikipedia.org/wiki/A_(b)", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("(https://x.com/A_(B_(C))/)", ["https://x.com/A_(B_(C))/"]),
        ("\u2066https://x.com/a\u2069", ["https://x.com/a"]),
        ("Label ( https://x.com/a )", ["https://x.com/a"]),
        ("[text](https://x.com/a)", ["https://x.com/a"]),
        ("[https://x.com](https://y.com)", ["https://x.com", "https://y.com"]),
        ("<https://x.com/a>", ["https://x.com/a"]),
        ("<https://x.com/a.>", ["https://x.com/a."]),
        ("<https://x.com/long\nline>", ["https://x.com/long\nline"]),
        (
            "<https://x.com/?u=\r\n b=https://y.com/> https://z.com",
            ["https://x.com/?u=\r\n b=https://y.com/", "https://z.com"],
        ),
        ("https://x.com. a <", ["https://x.com"]),
        ("https://x.com/a—or", ["https://x.com/a"]),
        ('"https://x.com/a"', ["https://x.com/a"]),
        ("“https://x.com/a”", ["https://x.com/a"]),
        ("https://x.com/a。次", ["https://x.com/a"]),
        (
            "https://x.com/?t=ab== https://x.com/a_ https://x.com/b- https://x.com/c/",
            [
                "https://x.com/?t=ab==",
                "https://x.com/a_",
                "https://x.com/b-",
                "https://x.com/c/",
            ],
        ),
        ("https://bücher.de/é", ["https://bücher.de/é"]),
        ("https://x.com/?u=https://y.com/", ["https://x.com/?u=https://y.com/"]),
        ("xhttps://x.com ftp://y.com www.z.com", []),
        ("https:// http://.", []),
        ("https://x.com/a?b[]=1&c={d}", ["https://x.com/a?b[]=1&c={d}"]),
        ("https://x.com/a's shop, https://y.com's.", ["https://x.com/a", "https://y.com"]),
        ("https://x.com/Jack's+Bar 'https://y.com/a'", ["https://x.com/Jack's+Bar", "https://y.com/a"]),
        ("https://x.com/'b' https://x.com/\"b\"c", ["https://x.com/'b'", 'https://x.com/"b"c']),
        ('"https://x.com/a"or"b"', ["https://x.com/a"]),
        ('https://x.com/a","https://y.com/b', ["https://x.com/a", "https://y.com/b"]),
    ],
)
def test_url_ends_where_a_reader_expects(text: str, expected: list[str]) -> None:
    assert [link.href for link in find_links(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("詳細はhttps://x.com/aとhttps://y.com/b。", ["https://x.com/a", "https://y.com/b"]),
        ("http://y.exampleと*https://x.example/a", ["http://y.example", "https://x.example/a"]),
        ("https://x.com/aと(https://y.com/b)", ["https://x.com/a", "https://y.com/b"]),
        ("http://日本.jp/a한국http://y.com", ["http://日本.jp/a", "http://y.com"]),
        ("https://x.comをご覧、https://www.y.com한국/", ["https://x.com", "https://www.y.com"]),
        (
            "https://ja.example/wiki/C言語 http://日本語x.com/é",
            ["https://ja.example/wiki/C言語", "http://日本語x.com/é"],
        ),
        ("https://a.example/web/https://x.com/é", ["https://a.example/web/https://x.com/é"]),
    ],
)
def test_url_is_separated_from_text_without_spaces(text: str, expected: list[str]) -> None:
    assert [link.href for link in find_links(text)] == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/?n={{ first_name }}&b=1",
        "https://x.com/{{{id}}}",
        "https://{{domain}}/a",
        "https://x.com/?a={% if b %}c{% endif %}",
        "https://x.com/?n=<%= name %>",
        "https://x.com/[[ID]]/a",
        "https://x.com/*|ID|*/a",
        "https://x.com/%name%/a",
        "https://%%shop%%.x.com/a",
        "https://<%= shop %>.x.com/a",
        "https://x.com:${PORT}/a",
        "https://x.com:{{ port }}/a",
        "https://x.com/?n=[subscriber:firstname | default:dear reader]&b=1",
        "https://x.com/?n=[firstname, fallback=dear reader]",
        "https://x.com/?n=[First Name]&b=1",
        "https://x.com/?n={First Name}",
        "https://x.com/?n={name|dear reader}",
        "https://x.com/?n=%%First Name%%&b=1",
        "https://x.com/?n=%%=v( @k )=%%",
        "https://x.com/?n=$!{ name }",
        "https://x.com/?n={# note #}",
        "https://x.com/?n={{custom_attribute.${first name}}}",
        "https://x.com/?n=[% name %]",
        "https://x.com/?n=%C3%A9%%NAME%%/a",
    ],
)
def test_merge_tag_is_part_of_the_url(url: str) -> None:
    (link,) = find_links(f"See {url}, or {{{{ this }}}}.")
    assert (url, LinkReason.MERGE_TAG) == (link.href, POLICY.decide(link).reason)


def test_merge_tag_that_ends_like_a_sentence() -> None:
    (link,) = find_links("See https://x.com/?e=*|EMAIL|*.")
    assert POLICY.decide(link).reason is LinkReason.MERGE_TAG


UNFLOWED = "https://y.com/lo \r\n ng"


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        (Flow.FIXED, [("https://x.com/lo", "https://x.com/lo"), (UNFLOWED, UNFLOWED)]),
        (Flow.FLOWED, [("https://x.com/lo", "https://x.com/lo"), ("https://y.com/long", "https://y.com/lo \r\n ng")]),
        (
            Flow.DELSP,
            [("https://x.com/long", "https://x.com/lo \r\nng"), ("https://y.com/long", "https://y.com/lo \r\n ng")],
        ),
    ],
)
def test_url_over_flowed_lines_is_one_link(flow: Flow, expected: list[tuple[str, str]]) -> None:
    text = "See https://x.com/lo \r\nng\r\nand <https://y.com/lo \r\n ng>."
    assert [(link.href, text[link.start : link.end]) for link in find_links(text, flow)] == expected


def find_reasons(text: str) -> list[str]:
    """Hosts, and the reasons of those that are left."""
    return [
        f"{link.href.partition('://')[2]} {link.exclusion.reason}" if link.exclusion else link.href.partition("://")[2]
        for link in find_links(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "https://a.com\n> https://b.com\r\n >> https://c.com\nhttps://d.com",
            ["a.com", "b.com quoted", "c.com quoted", "d.com"],
        ),
        (">https://a.com https://b.com\nhttps://c.com", ["a.com quoted", "b.com quoted", "c.com"]),
        ("a.com > https://b.com", ["b.com"]),
        ("----- Original Message -----\nhttps://a.com\n\nhttps://b.com", ["a.com quoted", "b.com quoted"]),
        ("-----Ursprüngliche Nachricht-----\r\nhttps://a.com", ["a.com quoted"]),
        ("---------- Forwarded message ---------\nhttps://a.com", ["a.com quoted"]),
        (f"{'_' * 32}\nVon: Ann\nhttps://a.com", ["a.com quoted"]),
        (f"{'_' * 32}\nOffers: https://a.com", ["a.com"]),
        ("----- Offers -----\nhttps://a.com", ["a.com"]),
        ("The original message: https://a.com", ["a.com"]),
        (
            "--\nhttps://a.com\n -- \n--  \nhttps://b.com\r\n-- \r\nhttps://c.com\n\nhttps://d.com",
            ["a.com", "b.com", "c.com signature", "d.com signature"],
        ),
    ],
)
def test_quoted_replies_and_signatures_are_left(text: str, expected: list[str]) -> None:
    assert find_reasons(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git clone https://a.com", ["a.com code"]),
        ("$ git clone --depth 1 -b main https://a.com x", ["a.com code"]),
        ("git remote add origin https://a.com", ["a.com code"]),
        ("curl https://a.com", ["a.com code"]),
        ("run `curl -fsSL 'https://a.com' | sh`", ["a.com code"]),
        ("curl -X POST -H Accept:text/html https://a.com", ["a.com code"]),
        ("sudo wget -O a.tar.gz https://a.com", ["a.com code"]),
        ("pip install https://a.com", ["a.com code"]),
        ("pip3 install -r https://a.com", ["a.com code"]),
        ("npm install https://a.com", ["a.com code"]),
        ("docker pull https://a.com", ["a.com code"]),
        ("<html xmlns=\"https://a.com\" xmlns:o='https://b.com'>", ["a.com code", "b.com code"]),
        ("```\nhttps://a.com\n```\nhttps://b.com", ["a.com code", "b.com"]),
        ("```\nhttps://a.com", ["a.com"]),
        ("curl is at https://a.com", ["a.com"]),
        ("Our wget tutorial: https://a.com", ["a.com"]),
        ("Do you git? https://a.com", ["a.com"]),
        ("curl\nhttps://a.com", ["a.com"]),
        ("xmlns: https://a.com", ["a.com"]),
    ],
)
def test_code_is_left(text: str, expected: list[str]) -> None:
    assert find_reasons(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "myapp://open?url=https://x.com",
        "whatsapp://send?text=https://x.com",
        "mailto:a@b.example?body=https://x.com",
        "(mailto:a@b.example?body=https://x.com)",
        "sms:+15550100?body=https://x.com",
        "magnet:?xt=urn:btih:00&tr=https://x.com",
        "view-source:https://x.com",
        "View-Source:https://x.com",
        "javascript:open('https://x.com')",
        "javascript:window.location='https://x.com'",
        "data:text/html;url=https://x.com",
        "intent://x#Intent;S.browser_fallback_url=https://x.com;end",
        "microsoft-edge:https://x.com",
        "ftp://a.example/https://x.com",
        "www.a.example/login?next=https://x.com",
        "a.example/?u=https://x.com",
        "a.example:8080/https://x.com",
        "bücher.example/?u=https://x.com",
        "/login?next=https://x.com",
        "?a=b&next=https://x.com",
    ],
)
def test_url_in_another_url_belongs_to_it(text: str) -> None:
    assert find_reasons(f"See {text} now")[0].endswith("embedded")


def test_all_urls_of_another_url_belong_to_it() -> None:
    assert find_reasons("javascript:f('https://x.com','https://y.com') https://z.com") == [
        "x.com embedded",
        "y.com embedded",
        "z.com",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Shop:https://x.com",
        "Online-Shop:https://x.com",
        "url=https://x.com",
        "[mailto:a@b.example](https://x.com)",
        "a@b.example,https://x.com",
        "a.example https://x.com",
        "a.example,https://x.com",
        "and/or:https://x.com",
        "“https://x.com”",
        "12:30 https://x.com",
    ],
)
def test_word_before_a_url_is_a_label(text: str) -> None:
    assert find_reasons(text) == ["x.com"] or find_reasons(text) == ["x.com)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://a.com,https://b.com", ["a.com invalid-url", "b.com"]),
        ("https://a.com/,https://b.com/ x", ["a.com/ invalid-url", "b.com/ invalid-url"]),
        (
            "https://a.com/1;https://b.com/2|https://c.com",
            ["a.com/1 invalid-url", "b.com/2 invalid-url", "c.com invalid-url"],
        ),
        ("https://a.com/?u=https://b.com,https://c.com", ["a.com/?u=https://b.com,https://c.com"]),
        ("https://a.com,www.b.com", ["a.com invalid-url"]),
        ("https://a.com;then", ["a.com invalid-url"]),
        ("https://a.com&p=1", ["a.com invalid-url"]),
        ("https://a.com\u2013dash", ["a.com invalid-url"]),
        ("https://a.com—dash", ["a.com invalid-url"]),
        ("https://a.com•b", ["a.com invalid-url"]),
        ("https://a.com*bold*", ["a.com invalid-url"]),
        ("https://a.com\\nNext", ["a.com invalid-url"]),
        ("https://a.com's", ["a.com invalid-url"]),
        ("https://a.com(b)", ["a.com invalid-url"]),
        ("https://a.com_", ["a.com_ invalid-url"]),
        ("https://.a.com/b", [".a.com/b invalid-url"]),
        ("https://a..com/b", ["a..com/b invalid-url"]),
        ("https://*.a.com", []),
        ("<https://a.com/b c>", ["a.com/b invalid-url"]),
        ("https://a.com/b\u2013c", ["a.com/b\u2013c"]),
        ("https://a.com/b;c=1", ["a.com/b;c=1"]),
        ("https://a.com/b•c", ["a.com/b"]),
        ("https://a.com/b\\nNext", ["a.com/b"]),
        ("*https://a.com* _https://b.com/c_", ["a.com", "b.com/c_"]),
        ("https://a.com, (https://b.com), “https://c.com” https://d.com: ", ["a.com", "b.com", "c.com", "d.com"]),
        ("https://a.comи https://b.comو https://c.com👉x https://d.com✓", ["a.com", "b.com", "c.com", "d.com"]),
        (
            "https://✪df.ws https://президент.рф https://l·l.cat https://a.vermögensberater",
            ["✪df.ws", "президент.рф", "l·l.cat", "a.vermögensberater"],
        ),
        ("https://a.com:8080 https://[::1]:80/b https://b.com:", ["a.com:8080", "[::1]:80/b", "b.com"]),
    ],
)
def test_host_ends_where_no_host_name_goes_on(text: str, expected: list[str]) -> None:
    assert find_reasons(text) == expected


@given(text_soups())
def test_every_candidate_is_a_url_at_its_span(soup: str) -> None:
    at = 0
    for link in find_links(soup):
        assert at <= link.start < link.end
        assert link.href == soup[link.start : link.end]
        assert link.href.lower().startswith(("https://", "http://"))
        at = link.end


FLOWED_SOUPS = st.lists(
    st.sampled_from(["a", " ", "\n", " \n", " \r\n ", ">", "-- \n", "<https://x.example/", "-", "é"]), max_size=40
).map("".join)


@pytest.mark.parametrize(
    ("parameters", "flow"),
    [
        ({}, Flow.FIXED),
        ({"delsp": "yes"}, Flow.FIXED),
        ({"format": "fixed"}, Flow.FIXED),
        ({"format": "Flowed", "delsp": "no"}, Flow.FLOWED),
        ({"format": "flowed", "delsp": "Yes"}, Flow.DELSP),
    ],
)
def test_flow_is_parsed_from_the_content_type(parameters: dict[str, str], flow: Flow) -> None:
    assert parse_flow(parameters) is flow


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("a \nb \r\n c\nd", "abc\nd"),
        ("a  \nb", "a b"),
        ("a \n> b \nc", "a \n> b \nc"),
        ("a \n-- \nb", "a \n-- \nb"),
        ("-- \nb \nc", "-- \nbc"),
    ],
)
def test_soft_break_with_delsp_is_removed(text: str, joined: str) -> None:
    assert join_flowed_lines(text, Flow.DELSP).text == joined


def test_soft_break_without_delsp_is_removed_only_in_brackets() -> None:
    assert (
        join_flowed_lines("a \nhttps://x.com <https://x.com/a \n b> <b \n>", Flow.FLOWED).text
        == "a \nhttps://x.com <https://x.com/ab> <b \n>"
    )


def test_fixed_text_is_not_joined() -> None:
    assert join_flowed_lines("a \nb", Flow.FIXED).text == "a \nb"


@given(FLOWED_SOUPS, st.sampled_from(Flow), st.data())
def test_span_of_the_joined_text_is_mapped_back(soup: str, flow: Flow, data: st.DataObject) -> None:
    joined = join_flowed_lines(soup, flow)
    if joined.text:
        first = data.draw(st.integers(0, len(joined.text) - 1))
        last = data.draw(st.integers(first, len(joined.text) - 1))
        start, end = joined.map_span_to_original(first, last + 1)
        span = joined.text[first : last + 1]
        assert (span[0], span[-1]) == (soup[start], soup[end - 1])
        assert "".join(span.split()) == "".join(soup[start:end].split())


SHOW_HOST_POLICY = Policy(tracking_domains=frozenset({"go.example.com"}), plain_text=PlainTextMode.SHOW_HOST)


def rewrite_with_hosts(text: str) -> str:
    return rewrite_text(
        text,
        build_rewriter(
            policy=SHOW_HOST_POLICY, make_tracking_url=lambda link: f"https://go.example.com/{link.position}"
        ),
    ).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://x.com/a.", "See https://go.example.com/0 (x.com)."),
        ("https://x.com:8080/\nb", "https://go.example.com/0 (x.com)\nb"),
        ("https://bücher.de", "https://go.example.com/0 (xn--bcher-kva.de)"),
        ("Shop <https://x.com/a>.", "Shop <https://go.example.com/0> (x.com)."),
        ("Shop (https://x.com/a).", "Shop (https://go.example.com/0) (x.com)."),
        ("(see https://x.com/a)", "(see https://go.example.com/0 (x.com))"),
        ('"https://x.com/a"', '"https://go.example.com/0" (x.com)'),
        ("[Shop](https://x.com/a)!", "[Shop](https://go.example.com/0) (x.com)!"),
        ('[Shop](https://x.com/a "Buy")', '[Shop](https://go.example.com/0 "Buy")'),
        ("[1]: https://x.com/a", "[1]: https://go.example.com/0 (x.com)"),
        ("https://x.com https://x.com", "https://go.example.com/0 (x.com) https://go.example.com/1 (x.com)"),
        ("https://x.com<https://x.com>", "https://go.example.com/0<https://go.example.com/1> (x.com)"),
        ("[https://x.com](https://x.com)", "[https://go.example.com/0](https://go.example.com/1) (x.com)"),
        (
            "[https://x.com](https://y.com)",
            "[https://go.example.com/0 (x.com)](https://go.example.com/1) (y.com)",
        ),
        ("https://x.com/unsubscribe", "https://x.com/unsubscribe"),
    ],
)
def test_host_follows_the_tracking_url(text: str, expected: str) -> None:
    assert rewrite_with_hosts(text) == expected


@given(text_soups())
def test_host_is_added_once(soup: str) -> None:
    assert rewrite_with_hosts(soup) == rewrite_with_hosts(rewrite_with_hosts(soup))


def test_html_links_get_no_visible_host() -> None:
    result = rewrite_html(
        "<a href='https://x.com'>x</a>",
        build_rewriter(policy=SHOW_HOST_POLICY, make_tracking_url=lambda _: "https://go.example.com/0"),
    )
    assert result.text == "<a href='https://go.example.com/0'>x</a>"


def test_link_has_visible_host_and_offset() -> None:
    (link,) = rewrite_text(
        "<https://x.com/a>",
        build_rewriter(policy=SHOW_HOST_POLICY, make_tracking_url=lambda _: "https://go.example.com/0"),
    ).links
    assert (1, 16, BodyType.TEXT, LinkReason.TRACKED) == (link.start, link.end, link.body_type, link.reason)
    assert (link.visible_host, link.visible_host_offset, link.replacement) == ("x.com", 17, "https://go.example.com/0")
