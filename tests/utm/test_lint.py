import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clicktrail.utm import Convention, query
from clicktrail.utm.lint import LintCode, explain_unchecked, fix_url, lint_url
from clicktrail.utm.structure import StructureFault
from tests.support.paths import CASES

CONVENTION = Convention(source="email", medium="newsletter", own_hosts=("x.com",))
RIGHT = "https://x.com/?utm_source=email&utm_medium=newsletter&utm_campaign=2026-11_sale"
ADDED = RIGHT.partition("?")[2]


def codes(url: str, convention: Convention = CONVENTION) -> list[str]:
    """The codes of what is wrong."""
    return [finding.code for finding in lint_url(url, convention)]


@pytest.mark.parametrize(
    ("url", "found", "repaired"),
    [
        (RIGHT, "", RIGHT),
        (RIGHT + "&utm_id=Ab-C&q=A+B#f", "", RIGHT + "&utm_id=Ab-C&q=A+B#f"),
        (RIGHT.replace("email", "Email"), "case", RIGHT),
        (RIGHT.replace("utm_source", "UTM_Source"), "case", RIGHT),
        (RIGHT.replace("2026-11_sale", "2026-11%20sale"), "space", RIGHT),
        (RIGHT.replace("2026-11_sale", "2026-11+Sale"), "case space", RIGHT),
        (RIGHT.replace("2026-11_sale", "2026-11-sale"), "separator", RIGHT),
        (RIGHT.replace("2026-11_sale", "2026_11_sale"), "campaign-pattern", RIGHT),
        (RIGHT.replace("email", "e-mail"), "separator", RIGHT),
        (RIGHT.replace("email", "emial"), "unknown-source", RIGHT),
        (RIGHT.replace("newsletter", "newsleter"), "unknown-medium", RIGHT),
        (RIGHT + "&utm_source=email", "duplicate-key", RIGHT),
        (RIGHT + "&utm_source=Email", "case duplicate-key", RIGHT),
        (RIGHT.replace("?", "?a=b?"), "second-question-mark", RIGHT.replace("?", "?a=b&")),
        (RIGHT.replace("&", "&amp;"), "double-encoded-ampersand", RIGHT),
        (RIGHT.replace("?", "#"), "in-fragment", RIGHT),
        (RIGHT.replace("&utm_campaign=2026-11_sale", ""), "missing-key", RIGHT),
        (RIGHT.replace("newsletter", ""), "missing-key", RIGHT),
        (RIGHT.replace("&", "%26"), "encoded-ampersand", RIGHT),
        (RIGHT.replace("&", "%26").replace("m=", "m%3D").replace("n=", "n%3D"), "encoded-ampersand", RIGHT),
        (RIGHT.replace("=", "%3D"), "encoded-ampersand", RIGHT),
        (RIGHT.replace("&", ";"), "wrong-separator", RIGHT),
        (RIGHT.replace("?", ""), "in-path", RIGHT),
        (RIGHT.replace("?", "%3F"), "in-path", RIGHT),
        (RIGHT.replace("utm_source", "utm_souce"), "misspelled-key", RIGHT),
        (RIGHT.replace("utm_source", "utm-source"), "misspelled-key", RIGHT),
        (RIGHT.replace("utm_source", "UTM.Source"), "misspelled-key", RIGHT),
        (RIGHT.replace("_campaign", "_campagin"), "misspelled-key", RIGHT),
        (RIGHT.replace("utm_source=email", "utm_souce=E-Mail"), "misspelled-key case separator", RIGHT),
        (RIGHT.replace("email", "mail"), "unknown-source", RIGHT),
        (RIGHT + "&utm_content=", "empty-value", RIGHT),
        (RIGHT + "&utm_term=2026-11-14_hero", "", RIGHT + "&utm_term=2026-11-14_hero"),
        ("https://x.com/a?b#c", "untagged", f"https://x.com/a?b&{ADDED}#c"),
    ],
)
def test_what_is_wrong_is_put_right(url: str, found: str, repaired: str) -> None:
    assert found.split() == codes(url)
    assert repaired == fix_url(url, CONVENTION, campaign="2026-11_sale")
    assert [] == codes(repaired)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (RIGHT.replace("email", "facebook"), "unknown-source"),
        (RIGHT.replace("newsletter", "cpc"), "unknown-medium"),
        (RIGHT.replace("2026-11_sale", "sale"), "campaign-pattern"),
        (RIGHT + "&utm_source=other", "unknown-source duplicate-key"),
        *[(RIGHT + f"&utm_term={value}", "placeholder") for value in ("{{x}}", "*|X|*", "%25x%25", "[X]", "TODO")],
        *[(RIGHT + f"&utm_term={value}", "placeholder") for value in ("%7Bx%7D", "a_{x}", "%5B2026%5D", "-x-", "<x>")],
        ("https://x.com/?utm_source=email&utm_medium=drip", "missing-key"),
        (RIGHT.replace("_campaign", "_campaignid"), "misspelled-key"),
        (RIGHT.replace("utm_source", "utm_souce") + "&utm_source=shop", "misspelled-key unknown-source"),
        (RIGHT.replace("utm_source=email", "utm_souce=facebook"), "misspelled-key unknown-source"),
        (RIGHT.replace("&", ""), "damaged-value missing-key missing-key"),
        (RIGHT.replace("email", "email%26ref%3D5"), "damaged-value"),
        (RIGHT.replace("2026-11_sale", "2026-11%2520sale"), "damaged-value"),
        (RIGHT.replace("email&", "facebook;"), "wrong-separator unknown-source"),
        (RIGHT.replace("?", "") + "/", "in-path damaged-value"),
        (RIGHT + "#/a?utm_term=b&c", "in-fragment"),
        (RIGHT + "&UTM_CAMPAIGN=2026-12_sale", "case duplicate-key"),
        (RIGHT.replace("?", "¿"), "in-path"),
        (RIGHT.replace("?", "?ref=a¿"), "damaged-value missing-key"),
        ("https://x.com/?ref=a¿utm_source=email", "damaged-value missing-key missing-key missing-key"),
        (RIGHT.replace("=", ":", 1), "misspelled-key"),
        ("https://x.com/", "untagged"),
        (RIGHT.replace("x.com", "y.com"), "foreign-host"),
    ],
)
def test_what_only_a_person_can_decide_is_left(url: str, found: str) -> None:
    assert found.split() == codes(url)
    assert url == fix_url(url, CONVENTION)


@pytest.mark.parametrize("url", ["https://y.com/", "mailto:a@x.com", "https://x.com/?sig=1&UTM_Source=A", ""])
def test_other_links_are_none_of_its_business(url: str) -> None:
    assert [] == codes(url)
    assert url == fix_url(url, CONVENTION, campaign="2026-11_sale")


def test_a_link_that_needs_none() -> None:
    assert () == lint_url("https://x.com/", CONVENTION, utm_required=False)
    assert "https://x.com/" == fix_url("https://x.com/", CONVENTION, campaign="c", utm_required=False)


def test_without_own_hosts_every_host_may_have_parameters() -> None:
    anywhere = Convention(source="email", medium="newsletter")
    assert [[], []] == [codes(RIGHT, anywhere), codes("https://y.com/", anywhere)]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://x.com/", ""),
        (f"{RIGHT}&utm_term=A", ""),
        ("https://y.com/?utm_source=a", ""),
        ("https://y.com/", "y.com is not one of your own hosts"),
        ("mailto:a@x.com", "it is not an http or https URL"),
        ("https://x.com/?sig=1", "it carries a secret or a signature (parameter sig)"),
    ],
)
def test_what_is_not_checked_has_its_reason(url: str, why: str) -> None:
    assert explain_unchecked(url, CONVENTION).startswith(why or "")
    assert bool(why) == bool(explain_unchecked(url, CONVENTION))


def test_what_needs_none_is_not_checked() -> None:
    assert explain_unchecked("https://x.com/", CONVENTION, utm_required=False).startswith("this kind of link")
    anywhere = Convention(source="email", medium="newsletter")
    assert "the convention has no own_hosts" in explain_unchecked("https://y.com/", anywhere)


def test_a_campaign_is_judged_by_its_medium() -> None:
    url = RIGHT.replace("2026-11_sale", "welcome_series_2")
    assert ["campaign-pattern"] == codes(url)
    assert [] == codes(url.replace("newsletter", "drip"))


LEFT_TO_PEOPLE = {
    LintCode.SOURCE,
    LintCode.MEDIUM,
    LintCode.CAMPAIGN,
    LintCode.DUPLICATE,
    LintCode.PLACEHOLDER,
    LintCode.FOREIGN,
}
DAMAGE = {*map(LintCode, StructureFault), LintCode.MISSPELLED, LintCode.DAMAGED}
values = st.sampled_from(
    ["Email", "e-mail", "news letter", "drip", "2026-11 Sale", "", "{x}", "a%20B", "x+y", "É", "?utm_term=a"]
)
pairs = st.tuples(
    st.sampled_from(
        ["utm_source", "UTM_medium", "utm_campaign", "amp;utm_content", "a", "utm%5Fterm", "utm-term", "utm_campaignid"]
    ),
    values,
)


@given(st.lists(pairs), st.sampled_from(["", "#top", "#utm_term=B", "#a?utm_term=B&c"]))
@example([("utm_source", "?utm_term=a")], "#utm_term=B")
def test_repairing_twice_is_repairing_once(written: list[tuple[str, str]], fragment: str) -> None:
    url = "https://x.com/p?" + "&".join("=".join(pair) for pair in written) + fragment
    repaired = fix_url(url, CONVENTION, campaign="2026-11_sale")
    left = {finding.code for finding in lint_url(repaired, CONVENTION)}
    if LintCode.DUPLICATE in left:  # a key in capitals beside another value stays as it is
        left -= {LintCode.CASE, LintCode.SPACE, LintCode.SEPARATOR}
    assert left <= LEFT_TO_PEOPLE or (repaired == url and not left.isdisjoint(DAMAGE))
    assert repaired == fix_url(repaired, CONVENTION, campaign="2026-11_sale")


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")
def test_shared_case_is_made_right() -> None:
    page = (CASES / "clicks" / "utm" / "lint_fix_input.html").read_text("utf-8")
    links = [html.unescape(href) for href in re.findall(r'href="(.*?)"', page)]
    convention = Convention(source="email", medium="newsletter", own_hosts=("example.com",))
    assert [[finding.code for finding in lint_url(link, convention)] for link in links] == [
        ["encoded-ampersand"],
        ["second-question-mark"],
        ["wrong-separator"],
        ["double-encoded-ampersand"],
        ["misspelled-key"],
        ["in-path"],
    ]
    assert {fix_url(link, convention) for link in links} == {
        "https://example.com/?utm_source=email&utm_medium=newsletter&utm_campaign=2026-11_winter"
    }


@given(st.lists(st.text(alphabet="abc=%2+é")))
def test_other_parameters_keep_their_characters(others: list[str]) -> None:
    url = RIGHT.replace("email", "Email") + "".join(f"&{other}" for other in others)
    assert [query.QueryPair(other) for other in others] == list(query.split_url(fix_url(url, CONVENTION)).pairs[3:])
