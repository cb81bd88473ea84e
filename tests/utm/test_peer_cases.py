"""What other projects' tests and bug reports expect of UTM parameters."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

from clicktrail.rewrite.html_links import find_links
from clicktrail.utm import Convention, query
from clicktrail.utm.lint import LintCode, lint_url
from clicktrail.utm.structure import restore_structure
from clicktrail.utm.tag import add_utm_parameters
from tests.support.peer_cases import PeerCase, find_unmet_cases, needs_peer_cases, select_cases
from tests.support.rewriting import POLICY

_SELECTED = "Which links get parameters is said by own hosts, not by selectors."
_NAMED = "The peer's parameter `ref` takes its name from a blog; values of ours come from the convention."

REJECTED: Mapping[str, str] = {
    "urlQuery.test.ts:21": "Parameters come in the order of the convention, not of the alphabet.",
    "urlQuery.test.ts:34": "An @ in a value is percent-encoded, as the peer does by another option.",
    "urlQuery.test.ts:48": "A URL without a scheme is relative: nobody knows whose page that is.",
    "urlQuery.test.ts:68": "Images are no links.",
    "urlQuery.test.ts:77": _SELECTED,
    "urlQuery.test.ts:86": _SELECTED,
    "urlQuery.test.ts:95": _SELECTED,
    "urlQuery.test.ts:104": _SELECTED,
    "urlQuery.test.ts:124": "Other attributes than href lead nowhere in mail.",
    "urlQuery.test.ts:153": "The same input as in line 16: here the peer is switched off.",
    "outbound-link-tagger.test.js#uses sluggified newsletter name for internal urls": _NAMED,
    "outbound-link-tagger.test.js#does not repeat newsletter at the end of the newsletter name": _NAMED,
    "outbound-link-tagger.test.js#does not add ref if already present (2)": "`ref` is no UTM parameter.",
    "outbound-link-tagger.test.js#does not add ref if already present (3)": "`source` is no UTM parameter.",
    "index.test.js:45": "Parameters that begin with utm_ are UTM parameters, whether there are five or more.",
}
"""Expectations that are not ours, and why."""

_CONVENTION = Convention(source="email", medium="newsletter", own_hosts=("*",))
_OWN = ("example.com", "example.org", "other.com")
"""The hosts that the peers' tests take for the sender's own."""


def tagged(markup: str, parameters: Mapping[str, str], own_hosts: Sequence[str]) -> str:
    """Markup whose links have their parameters, as far as a link is one that can have some."""
    for link in reversed(find_links(markup)):
        if POLICY.decide(link).reason == "tracked":
            markup = markup[: link.start] + add_utm_parameters(link.url, parameters, own_hosts) + markup[link.end :]
    return markup


def is_tagged(case: PeerCase) -> bool:
    """The parameters stand where the peer wants them, and nowhere else."""
    if "link_query_string" in case.source_text:
        return has_parameters(case)
    if case.source_text.endswith(("'", "unescaped_ampersand")):
        return is_appended(case)
    if "  params" in case.source_text:
        return is_rewritten(case)
    return is_added(case)


def has_parameters(case: PeerCase) -> bool:
    """Links to the base's host have the parameters behind their own query."""
    markup, base, parameters = premailed(case)
    (link,) = find_links(f"<base href='{base}'>{markup}")
    after = add_utm_parameters(link.url, parameters, ["example.com"])
    return POLICY.decide(link).reason == "tracked" and parameters == added(link.url, after)


def is_left(case: PeerCase) -> bool:
    """A link has no more parameters than before."""
    if "link_query_string" not in case.source_text:
        markup = case.source_text if case.source_text.startswith("<") else f'<a href="{html.escape(case.source_text)}">'
        return markup == tagged(markup, {"utm_source": "a"}, _OWN)
    markup, base, parameters = premailed(case)
    (link,) = find_links(f"<base href='{base}'>{markup}")
    return POLICY.decide(link).reason != "tracked" or link.url == add_utm_parameters(
        link.url, parameters, ["example.com"]
    )


def premailed(case: PeerCase) -> tuple[str, str, dict[str, str]]:
    """Premailer's cases: markup, base and parameters."""
    markup, base, text = re.split(r" with base_url | and link_query_string ", case.source_text)
    return markup, base, dict(parse_qsl(html.unescape(text), keep_blank_values=True))


def added(before: str, after: str) -> dict[str, str]:
    """The parameters that a URL has more than before."""
    old, new = (parse_qsl(urlsplit(url).query, keep_blank_values=True) for url in (before, after))
    return dict(new[len(old) :]) if new[: len(old)] == old else {}


def is_appended(case: PeerCase) -> bool:
    """Premailer's cases of single URLs, relative ones too."""
    found = re.fullmatch(r"<a href='([^']*)'>Link</a> \+ '?\?*(.*?)'?(?:, unescaped_ampersand)?", case.source_text)
    if found is None:
        return False
    pairs = [query.encode_pair(*item) for item in parse_qsl(found[2])]
    return html.unescape(case.expected.partition(" ")[0]) == query.split_url(found[1]).append_pairs(pairs)


def is_rewritten(case: PeerCase) -> bool:
    """Maizzle's cases: markup, parameters, and perhaps options of the peer's own."""
    markup, _, text = re.split(r"  params(/options)?: ", case.source_text)
    expected = markup if case.expected == "unchanged" else case.expected
    return expected == tagged(markup, dict(re.findall(r"(\w+): ?'([^']*)'", text.partition("}")[0])), ["*"])


def is_added(case: PeerCase) -> bool:
    """A URL, or the links of markup, get the parameters that stand in the case, in front of any fragment."""
    if "newsletter" in case.source_text:
        return False  # the value would have to be made of the newsletter's name
    url = re.match(r"http\S+", case.source_text)
    markup = (
        case.source_text if "<a" in case.source_text else f'<a href="{url[0] if url else "https://example.org/#hash"}">'
    )
    wanted = re.search(r"utm_.*", case.source_text) or re.search(r"(?:utm_|ref=)[\w.=&]+", case.expected)
    parameters = dict(parse_qsl(wanted[0] if wanted else "utm_source=a"))
    before, after = (find_links(text) for text in (markup, tagged(markup, parameters, _OWN)))
    return all(
        parameters == added(old.url, new.url)
        and urlsplit(old.url)._replace(query="") == urlsplit(new.url)._replace(query="")
        for old, new in zip(before, after, strict=True)
    )


def is_read(case: PeerCase) -> bool:
    """The UTM parameters of a query are read, those behind another question mark too."""
    pieces = restore_structure("https://x.example/?" + case.source_text.removeprefix("?")).restored
    found = {pair.key.removeprefix("utm_"): pair.value for pair in pieces.pairs if pair.is_utm}
    expected = dict(re.findall(r"(\w+)(?::(\w+))?", case.expected.partition("}")[0]))
    if "name" in expected:
        expected["campaign"] = expected.pop("name")
    return found.keys() == expected.keys() and all(value in {"", found[key]} for key, value in expected.items())


def is_found(case: PeerCase) -> bool:
    """The lint finds parameters behind the fragment."""
    return LintCode.FRAGMENT in {finding.code for finding in lint_url(case.source_text, _CONVENTION)}


MEETS: Mapping[str, Callable[[PeerCase], bool]] = {
    "utm-append": is_tagged,
    "utm-skip": is_left,
    "utm-parse": is_read,
    "utm-audit": is_found,
}
"""What tells of each kind whether it is met."""


@needs_peer_cases
def test_parameters_are_as_peers_expect(summarize: Callable[[str], None]) -> None:
    missed = find_unmet_cases(MEETS)
    summarize(f"{len(select_cases(*MEETS)) - len(missed)} expectations met, {len(missed)} rejected")
    assert sorted(REJECTED) == sorted(missed)
