"""Merge tags are found plain and percent-encoded, and ordinary URLs have none."""

import string
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.merge_tags import find_merge_tag, load_table
from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.policy import Policy
from tests.support.paths import ROOT

EXAMPLES = [example for dialect in load_table().dialects for example in dialect.examples]
URLS = [
    *("https://shop.example/?e=TAG", "https://shop.example/list?a=1&e=TAG&b=2", "https://shop.example/TAG/shoes"),
    *("https://shop.example/a?b=1#/TAG", "https://out.example/?u=https://shop.example/TAG"),
]
"""A tag in every place where all dialects have one."""


def encode_every_character(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def decide(href: str) -> LinkReason:
    link = Candidate(start=0, end=len(href), href=href, url=resolve_href(href))
    (decision,) = Policy().decide_all([link])
    return decision.reason


def encode_every_second(text: str, *, first: int) -> str:
    return "".join(
        encode_every_character(character) if index % 2 == first else character for index, character in enumerate(text)
    )


SPELLINGS: list[Callable[[str], str]] = [
    *(str, quote, encode_every_character, partial(quote, safe=""), lambda tag: quote(quote(tag, safe=""), safe="")),
    *(partial(encode_every_second, first=0), partial(encode_every_second, first=1)),
]
QUERY_SPELLINGS: list[Callable[[str], str]] = [str, quote, lambda text: text.replace('"', "%22")]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_merge_tag_is_found_in_every_spelling(example: str) -> None:
    hrefs = [url.replace("TAG", spell(example)) for url in URLS for spell in SPELLINGS]
    assert [href for href in hrefs if decide(href) is not LinkReason.MERGE_TAG] == []


letters = st.text(string.ascii_letters, min_size=2, max_size=8)
tags = st.builds(
    str.format,
    st.sampled_from(
        [
            *("{{{{{}}}}}", "{{{{ {} }}}}", "{{{{{{{}}}}}}}", "{{% {} %}}", "{{{}}}", "{{contactfield={}}}", "{{${}}}"),
            *("${{{}}}", "$!{{{}}}", "$subscriber.{}", "[{}]", "[subscriber:{}]", "[{},fallback=]", "[[{}]]"),
            *("<%= {} %>", "<#if {}>", "*|{}|*", "%%{}%%", "%%=v(@{})=%%", "%recipient.{}%", "##{}##", "-{}-"),
            *("{{!{}}}", "[% {} %]", "~~{}~~"),
        ]
    ),
    letters.filter(lambda name: name not in {"true", "false", "null"}),
)


@given(tags, st.sampled_from(URLS))
def test_plain_and_encoded_merge_tags_get_the_same_decision(tag: str, url: str) -> None:
    assert {decide(url.replace("TAG", spell(tag))) for spell in SPELLINGS} == {LinkReason.MERGE_TAG}


@pytest.mark.parametrize("example", EXAMPLES)
def test_merge_tag_in_character_references_is_found(example: str) -> None:
    references = "".join(f"&#{ord(character)};" for character in example)
    (link,) = find_links(f"<a href='https://shop.example/?e={references}'>x</a>")
    assert Policy().decide(link).reason is LinkReason.MERGE_TAG


@pytest.mark.parametrize("name", ["lbrace", "lcub"])
def test_merge_tag_in_named_references_is_found(name: str) -> None:
    (link,) = find_links(f"<a href='https://shop.example/?e=&{name};email&rcub;&a=&lsqb;EMAIL&rsqb;'>x</a>")
    assert find_merge_tag(link.href) == "{email}"


@pytest.mark.parametrize(
    "href",
    [
        *("https://{shop}.example.com/", "https://%7Bshop%7D.example.com/", "https://[SHOP].example.com/"),
        *("https://{{shop}}.example.com/", "https://*|SHOP|*.example.com/", "https://%%shop%%.example.com/"),
        *("https://-shop-/", "{EMAIL}", " [Unsubscribe here] ", "<unsubscribe>", "%5BUNSUBSCRIBE%5D", "mailto:[EMAIL]"),
        *("https://shop.example/?e={ email }", "https://shop.example/{lang}/a", "https://shop.example/hello_[NAME]"),
        *("https://shop.example/?q={%22e%22:%22{email}%22}", "https://shop.example/?e=*|EMAIL|", "https://x.com/a{{b"),
        *(
            "https://shop.example/?q=a%20%name%",
            "https://shop.example/?e={email%7D",
            "https://shop.example/?n={prénom}",
        ),
    ],
)
def test_merge_tags_in_other_places(href: str) -> None:
    assert decide(href) is LinkReason.MERGE_TAG


@pytest.mark.parametrize(
    "url",
    [
        # array keys of PHP, Rails and JSON:API
        *(
            "?filter[color]=red",
            "?f[0]=a&ids[]=3",
            "?data[User][email]=x",
            "?filter%5Bprice%5D%5Bmin%5D=1",
            "?f%5b%5d=a",
        ),
        *(
            "?u=/list?filter[size]=m",
            "?größe[min]=1",
            "?items[0].name=a",
            "?filter[COLOR]",
            "?fields[articles]=title,body",
        ),
        # JSON, as written and as browsers copy it
        *(
            '?q={"a":1}',
            "?q={%22a%22:{%22b%22:[%22c%22]}}",
            "?q=%7B%22a%22%3A%22b%22%7D",
            "?q={}",
            "?q=[%22x%22]",
            "?q=[]",
        ),
        *(
            "?q=[1,2]",
            "?bbox=[[1,2],[3,4]]",
            "?q={$gt:5}",
            "?q={a:1}",
            "?q=%5B%7B%22id%22%3A1%7D%5D",
            "?q={viewer{login}}",
        ),
        # GUIDs and hexadecimal numbers in braces
        *("?id={9F-B}", "?id=%7B3F2504E0-4F89-41D3-9A0C-0305E82C3301%7D", "{ABCD04E0-4F89-41D3-9A0C-0305E82C3301}/a"),
        # templates of RFC 6570 that a documentation page has as values
        *("?t={?q,page}", "{+path}", "?t={id:3}", "?t={list*}", "?t={a,b}", "{#top}", "{/seg}", "?t={;x}", "?t={&y}"),
        # ranges of Lucene, additions
        *("?d=[2026%20TO%202027]", "?d=[10+TO+20]", "?d=[an%20TO%20zz]", "?d=%5BNOW%20TO%20NOW%2B1DAY%5D", "?q={a+b}"),
        "?q=[a+b]",
        # titles, references and classes of characters
        *(
            "wiki/Boots[1]",
            "wiki/Boots_[1]",
            "wiki/Boots_[leather]",
            "?re=[a-z]%2B",
            "?re=%5E[0-9]{2,3}",
            "?d=[NOW%20TO%20*]",
        ),
        # percentages, prices, handles, file names
        *(
            "?p=10%25off-20%25",
            "100%25-wool-50%25",
            "a%zz",
            "C%C3%A9%20b%20",
            "?q=%24AAPL",
            "?$filter=a%20eq%201&$top=3",
        ),
        *(
            "@user@example.com",
            "?q=$10-$20",
            "~user/~b",
            "-/merge_requests/-/a",
            "?sort=-name",
            "a--b--",
            "?t=%23a%23b",
        ),
        *(
            "?q=a*|b*",
            "?range=$A$1:$B$2",
            "C%23/F%23",
            "?q=1<2",
            "?a=%3Cb%3E",
            "?e=a@EXAMPLE.COM",
            "maps/@52.5,13.4,15z",
        ),
        # encoded twice within another URL
        *(
            "?u=https%3A%2F%2Fshop.example%2F%3Fa%3D%25C3%25A9%26f%255B%255D%3D1",
            "?u=https%3A%2F%2F%5Bfe80%3A%3A1%5D%2F",
        ),
    ],
)
def test_real_values_are_no_merge_tags(url: str) -> None:
    assert decide(f"https://www.shop.example/{url}") is LinkReason.TRACKED


@pytest.mark.parametrize(
    "url", ["http://[::1]/", "http://[2001:db8::1]:80/a", "http://[dead:beef::1]/", "http://[fe80::a]"]
)
def test_ip_address_is_no_merge_tag(url: str) -> None:
    assert decide(url) is LinkReason.TRACKED


words = st.text(string.ascii_letters + string.digits + "é", min_size=1, max_size=8)
values = words | st.builds("{}-{}_{}.{}".format, words, words, words, words) | st.integers().map(str)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(words, children, max_size=3),
    max_leaves=6,
)
keys = st.one_of(
    words,
    st.builds("{}[]".format, words),
    st.builds("{}[{}]".format, words, words),
    st.builds("{}[{}][{}]".format, words, words, st.integers(0, 9)),
)


@st.composite
def ordinary_urls(draw: st.DrawFn) -> str:
    """URLs with array keys, JSON, GUIDs and any percent-encoded text that has no brackets."""
    path = "/".join(draw(st.lists(words | st.builds("{}-{}".format, words, words), max_size=3)))
    value = st.one_of(
        values,
        json_values.map(lambda value: msgspec.json.encode(value).decode()),
        st.uuids().map("{{{}}}".format),
        st.text(string.ascii_letters + string.digits + " é&=?+/:,;!()").map(lambda text: quote(text, safe="")),
    )
    pairs = draw(st.lists(st.tuples(keys, value), max_size=4))
    encode = draw(st.sampled_from(QUERY_SPELLINGS))
    query = "&".join(f"{encode(key)}={encode(value)}" for key, value in pairs)
    return f"https://www.shop.example/{path}?{query}"


@given(ordinary_urls())
def test_ordinary_urls_have_no_merge_tag(url: str) -> None:
    assert find_merge_tag(url) == ""


def test_links_of_newsletters_have_no_merge_tag() -> None:
    urls = (ROOT / "tests" / "secret_urls" / "ordinary.txt").read_text("utf-8").split()
    page = (ROOT / "docs" / "reference" / "links.md").read_text("utf-8")
    assert f"the {len(urls)} links of newsletters" in page
    assert [url for url in urls if find_merge_tag(url)] == []
