"""Links that are recognised as ordinary get the same decision as when the policy decides on each of them."""

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.merge_tags import Dialect, load_table
from clicktrail.model.link import Element, Location, Preset
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.link_purpose import PURPOSE_KEYWORDS, WRAPPER_KEYWORDS
from clicktrail.rewrite.list_unsubscribe import find_unsubscribe_urls
from clicktrail.rewrite.ordinary_links import find_ordinary_links
from clicktrail.rewrite.policy import Policy, VisibleUrlMode, build_preset_policy
from tests.support.link_texts import LINK_TEXTS
from tests.support.paths import CORPUS
from tests.support.strategies import web_urls

POLICY = Policy(tracking_domains=frozenset({"go.example.com", "t.shop.example:8080"}))
POLICIES = [
    POLICY,
    dataclasses.replace(POLICY, denied_hosts=("*.shop.example", "x.com"), is_tracking_allowed=False),
    dataclasses.replace(POLICY, allowed_hosts=("*.shop.example",), visible_url=VisibleUrlMode.SKIP),
    dataclasses.replace(build_preset_policy(Preset.CONVERSION_LINKS_ONLY), tracking_domains=POLICY.tracking_domains),
    build_preset_policy(Preset.ALL),
    dataclasses.replace(POLICY, unsubscribe_urls=find_unsubscribe_urls(b"List-Unsubscribe: <https://shop.example/a>")),
]

_HREF_PIECES = [
    *("https://", "http://", "HTTPS://", "mailto:", "shop.example", "www.", "WWW.", "go.example.com", "facebook.com"),
    *("x.com", "t.me", "xn--bcher-kva.example", "192.0.2.1", ":8080", "user@", ".", "..", "/", "?", "#", "&", "=", ";"),
    *("boots", "a", "1", "-", "%41", "%7B%7B", "%name%", "{{", "[", "*|", "&amp;", " ", "\n", "\t", "é", "\ud800"),
    *(example for dialect in load_table().dialects for example in dialect.examples),
    *("c/eJwNw0tuhCAAANDTwJIAAn4W", "token=", "x" * 4_000, *PURPOSE_KEYWORDS, *WRAPPER_KEYWORDS, *LINK_TEXTS),
]
_LABEL_PIECES = [
    "See boots",
    " ",
    ".",
    "shop.example",
    "https://",
    "désabonner",
    "facebook",
    "é",
    *PURPOSE_KEYWORDS,
    *LINK_TEXTS,
]
_ATTRIBUTES = [
    *({}, {"style": "color:red", "target": "_blank"}, {"class": "button"}, {"class": "a UnTracked b"}),
    *({"data-clicktrail": "off"}, {"data-clicktrail": "trap"}, {"clicktracking": "on"}, {"data-pm-no-track": ""}),
]


def join_pieces(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=6).map("".join)


def link(href: str, label: str = "See boots") -> Candidate:
    return Candidate(start=0, end=len(href), href=href, url=resolve_href(href), label=label)


def find(*links: Candidate) -> list[bool]:
    return find_ordinary_links(links, is_host_excluded=lambda host: host == "go.example.com")


hrefs = web_urls() | join_pieces(_HREF_PIECES) | join_pieces(_HREF_PIECES).map("https://shop.example/{}".format)
candidates = st.builds(
    lambda href, **fields: Candidate(start=0, end=len(href), href=href, url=resolve_href(href), **fields),
    hrefs,
    attributes=st.sampled_from(_ATTRIBUTES),
    location=st.sampled_from(Location),
    element=st.sampled_from(Element),
    label=join_pieces(_LABEL_PIECES),
    is_trap=st.booleans(),
)


@given(st.sampled_from(POLICIES), st.lists(candidates, max_size=5))
def test_decisions_on_all_links_equal_those_on_each(policy: Policy, links: list[Candidate]) -> None:
    assert policy.decide_all(links) == [policy.decide(candidate) for candidate in links]


@pytest.mark.parametrize("dialect", load_table().dialects, ids=lambda dialect: dialect.name)
def test_merge_tag_is_not_ordinary(dialect: Dialect) -> None:
    hrefs = [f"https://shop.example/{part}{example}" for example in dialect.examples for part in ("", "?a=", "?a=1&b=")]
    assert [href for href in hrefs if find(link(href))[0]] == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}")
@pytest.mark.without_coverage
def test_decisions_on_links_of_real_mail(summarize: Callable[[str], None]) -> None:
    ordinary = 0
    for path in sorted((CORPUS / "html").iterdir()):
        links = find_links(path.read_bytes().decode("utf-8", errors="surrogateescape"))
        for policy in POLICIES:
            assert policy.decide_all(links) == [policy.decide(candidate) for candidate in links], path.name
        ordinary += sum(find(*links))
    summarize(f"{ordinary} ordinary links")
    assert ordinary


@pytest.mark.parametrize(
    "href",
    [
        *(
            "https://shop.example",
            "https://www.shop.example/products/boots-3?colour=brown&size=42",
            "http://x.example/#a",
        ),
        *("https://shop.example/a/b.html?x=1&y=2#z", "https://shop.example/?a=b;", "https://shop.example/$a(b)@c~d"),
    ],
)
def test_most_links_are_ordinary(href: str) -> None:
    assert find(link(href), link(href, label=""), link(href, label="Stiefel für den Winter")) == [";" not in href] * 3


@pytest.mark.parametrize(
    "candidate",
    [
        *(link("https://shop.example/unsubscribe"), link("https://shop.example/a", label="Unsubscribe")),
        *(link("https://shop.example/a", label="shop.example"), link("https://shop.example/?a=1&amp;b=2")),
        *(link("https://shop.example/%7B%7Bname%7D%7D"), link("https://shop.example/{a}"), link("/boots"), link("")),
        *(link("https://Shop.example/"), link("https://shop.example:8080/"), link("https://u@shop.example/")),
        *(link("https://shop.example/../a"), link(" https://shop.example/"), link("https://go.example.com/")),
        *(link("https://www.facebook.com/shop"), link(f"https://shop.example/{'x' * 4_000}")),
    ],
    ids=lambda candidate: f"{candidate.href[:40]} {candidate.label}",
)
def test_link_that_a_rule_may_exclude_is_not_ordinary(candidate: Candidate) -> None:
    assert find(link("https://shop.example/"), candidate, link("https://shop.example/")) == [True, False, True]


def test_line_break_in_a_link_makes_none_ordinary() -> None:
    assert find(link("https://shop.example/"), link("https://shop.example/", label="a\nb")) == [False, False]
