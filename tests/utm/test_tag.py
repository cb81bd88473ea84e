import json
import re
from collections.abc import Callable
from urllib.parse import unquote_plus

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import UtmError
from clicktrail.utm import Convention, ExistingUtmAction, UtmTagger
from clicktrail.utm.tag import add_utm_parameters
from tests.support.paths import CORPUS
from tests.support.strategies import web_urls

PARAMETERS = {"utm_source": "email", "utm_campaign": "spring"}
ADDED = "utm_source=email&utm_campaign=spring"
OWN = ("x.com", "*.shop.com")


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://x.com", f"https://x.com?{ADDED}"),
        ("https://x.com/", f"https://x.com/?{ADDED}"),
        ("https://x.com?coupon=vip", f"https://x.com?coupon=vip&{ADDED}"),
        ("https://x.com/p?a=1#sec", f"https://x.com/p?a=1&{ADDED}#sec"),
        ("https://x.com/?#cashback?utm_source=x", f"https://x.com/?{ADDED}#cashback?utm_source=x"),
        ("https://x.com/#/spa/route?x=1", f"https://x.com/?{ADDED}#/spa/route?x=1"),
        ("https://x.com/?a=1&", f"https://x.com/?a=1&{ADDED}"),
        ("https://x.com/p ", f"https://x.com/p?{ADDED} "),
        (
            "https://x.com/?tag=a&tag=b&flag&b=&x.y=1&f[0]=t:2&s=a+b%20c&q=AB%2bCD",
            f"https://x.com/?tag=a&tag=b&flag&b=&x.y=1&f[0]=t:2&s=a+b%20c&q=AB%2bCD&{ADDED}",
        ),
        ("https://x.com/?utm_source=mine", "https://x.com/?utm_source=mine&utm_campaign=spring"),
        ("https://x.com/?UTM_Source=", "https://x.com/?UTM_Source=&utm_campaign=spring"),
        ("https://x.com/?utm%5Fsource=a&utm_campaign=b", "https://x.com/?utm%5Fsource=a&utm_campaign=b"),
        ("HTTPS://X.COM:8443/a", f"HTTPS://X.COM:8443/a?{ADDED}"),
        ("https://www.shop.com/", f"https://www.shop.com/?{ADDED}"),
    ],
)
def test_adds_what_is_missing_before_the_fragment(url: str, tagged: str) -> None:
    assert tagged == add_utm_parameters(url, PARAMETERS, OWN)


@pytest.mark.parametrize(
    "url",
    [
        *["https://y.com/", "https://www.x.com/", "https://shop.com/", "https://evilshop.com/", "https://x.com.evil/"],
        *["https://x.com@evil.com/", "mailto:a@x.com", "//x.com/", "/a", "", "https://", "ftp://x.com/"],
        *[
            "https://x.com/?X-Amz-Signature=a",
            "https://x.com/?Signature=a&Key-Pair-Id=b",
            "https://x.com/?sv=1&sig=a%2B",
        ],
    ],
)
def test_leaves_others_alone(url: str) -> None:
    assert url == add_utm_parameters(url, PARAMETERS, OWN)


def test_values_are_percent_encoded() -> None:
    tagged = add_utm_parameters("https://x.com/", {"utm_campaign": "hírlevél a&b=c#d'+"}, OWN)
    assert "https://x.com/?utm_campaign=h%C3%ADrlev%C3%A9l%20a%26b%3Dc%23d%27%2B" == tagged


def test_nothing_to_add_changes_nothing() -> None:
    assert "https://x.com" == add_utm_parameters("https://x.com", {}, OWN)


@given(web_urls())
def test_only_the_query_grows(url: str) -> None:
    host = ada_url.URL(url).hostname
    before, after = ada_url.URL(url), ada_url.URL(add_utm_parameters(url, PARAMETERS, (host,)))
    for name in ("protocol", "host", "pathname", "hash"):
        assert getattr(before, name) == getattr(after, name)
    assert after.search.startswith(before.search)


@given(web_urls())
def test_tagging_again_changes_nothing(url: str) -> None:
    own = (ada_url.URL(url).hostname,)
    tagged = add_utm_parameters(url, PARAMETERS, own)
    assert tagged == add_utm_parameters(tagged, PARAMETERS, own)


MINE = "https://x.com/?a=1&utm_source=mine&UTM_CAMPAIGN=#f"


@pytest.mark.parametrize(
    ("existing", "tagged"),
    [
        (ExistingUtmAction.FILL, "https://x.com/?a=1&utm_source=mine&UTM_CAMPAIGN=&utm_term=t#f"),
        (ExistingUtmAction.KEEP, MINE),
        (ExistingUtmAction.REPLACE, "https://x.com/?a=1&utm_source=email&UTM_CAMPAIGN=spring&utm_term=t#f"),
    ],
)
def test_a_links_own_parameters(existing: ExistingUtmAction, tagged: str) -> None:
    assert tagged == add_utm_parameters(MINE, {**PARAMETERS, "utm_term": "t"}, OWN, existing=existing)


def test_a_links_own_parameters_are_refused_on_own_hosts_only() -> None:
    with pytest.raises(UtmError, match=re.escape(MINE)):
        add_utm_parameters(MINE, PARAMETERS, OWN, existing=ExistingUtmAction.REFUSE)
    foreign = "https://y.com/?utm_source=mine"
    assert foreign == add_utm_parameters(foreign, PARAMETERS, OWN, existing=ExistingUtmAction.REFUSE)


def test_a_star_is_every_host() -> None:
    assert f"http://any.example/?{ADDED}" == add_utm_parameters("http://any.example/", PARAMETERS, ["*"])


@given(web_urls(), st.sampled_from([ExistingUtmAction.FILL, ExistingUtmAction.KEEP, ExistingUtmAction.REPLACE]))
def test_without_what_was_added_it_is_the_original(url: str, existing: ExistingUtmAction) -> None:
    if "utm_" in unquote_plus(url).lower():
        return
    tagged = add_utm_parameters(url, PARAMETERS, ["*"], existing=existing)
    at = tagged.index(ADDED)
    before, after = tagged[:at], tagged[at + len(ADDED) :]
    assert url in {before + after, before[:-1] + after}
    assert before.endswith(("?", "&"))


WPT = CORPUS / "url"
TEST_DATA = sorted(WPT.rglob("*urltestdata.json")) + sorted(WPT.rglob("urltestdata-javascript-only.json"))


@pytest.mark.skipif(not TEST_DATA, reason="../shared/corpus/url is not here")
def test_web_platform_tests(summarize: Callable[[str], None]) -> None:
    inputs = {
        case["input"] for path in TEST_DATA for case in json.loads(path.read_text("utf-8")) if isinstance(case, dict)
    }
    compared = 0
    for url in sorted(inputs):
        tagged = add_utm_parameters(url, PARAMETERS, ["*"])
        try:
            before = ada_url.URL(url)
        except ValueError:
            assert url == tagged
            continue
        if before.protocol not in {"http:", "https:"} or not before.hostname.strip("."):
            assert url == tagged
            continue
        after = ada_url.URL(tagged)
        for name in ("protocol", "username", "password", "host", "pathname", "hash"):
            assert getattr(before, name) == getattr(after, name)
        assert after.search.removeprefix(before.search).removeprefix("?").removeprefix("&") == ADDED
        assert after.search.startswith(before.search)
        compared += 1
    summarize(f"{compared} of {len(inputs)} URLs tagged")
    assert compared > 150


CONVENTION = Convention(
    source="email", medium="drip", campaign="", content="{location}_{element}", own_hosts=("x.com",)
)
MANY = 20_000
"""Links; the time of a test is limited, and what grew with their square would not end in it."""
BEGINNING = "https://x.com/?utm_source=email&utm_medium=drip"


def test_content_is_numbered_where_it_repeats() -> None:
    tagger = UtmTagger(CONVENTION, campaign="")
    places = [("body", "button", ""), ("body", "image", "Button 2"), ("body", "button", ""), ("body", "button", "")]
    contents = [
        tagger.tag_url("https://x.com/", location=location, element=element, label=label).removeprefix(BEGINNING)
        for location, element, label in places
    ]
    assert [f"&utm_content=body_button{number}" for number in ("", "_2", "_3", "_4")] == contents


def test_a_label_goes_before_the_element() -> None:
    tagged = UtmTagger(CONVENTION, campaign="").tag_url(
        "https://x.com/", location="header", element="button", label="Shop!"
    )
    assert f"{BEGINNING}&utm_content=header_shop" == tagged


def test_links_that_are_not_tagged_use_up_no_number() -> None:
    tagger = UtmTagger(CONVENTION, campaign="")
    tagger.tag_url("https://other.example/", location="body", element="text")
    assert tagger.tag_url("https://x.com/", location="body", element="text").endswith("=body_text")


def test_without_a_place_there_is_no_content() -> None:
    assert BEGINNING == UtmTagger(CONVENTION, campaign="").tag_url("https://x.com/")


def test_a_content_that_names_no_place_is_not_numbered() -> None:
    tagger = UtmTagger(Convention(source="a", medium="b", content="{campaign}-top", own_hosts=("*",)), campaign="c")
    assert [tagger.tag_url("http://y/")] == list({tagger.tag_url("http://y/"), tagger.tag_url("http://y/")})


def test_the_convention_says_what_becomes_of_others() -> None:
    refusing = Convention(source="a", medium="b", own_hosts=("x.com",), existing=ExistingUtmAction.REFUSE)
    with pytest.raises(UtmError, match="has UTM parameters"):
        UtmTagger(refusing, campaign="").tag_url("https://x.com/?utm_id=1")


@pytest.mark.timeout(60)
def test_many_links_of_one_place_are_numbered_at_once() -> None:
    tagger = UtmTagger(CONVENTION, campaign="")
    tagged = [tagger.tag_url("https://x.com/", location="body", element="text") for _ in range(MANY)]
    assert f"{BEGINNING}&utm_content=body_text_{MANY}" == tagged[-1]
