"""Expectations of other projects' tests and bug reports on links, bodies and messages."""

import email
import email.policy
import html
import re
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage

from clicktrail.model.link import Link
from clicktrail.rewrite import SkipReason, rewrite_html, rewrite_message, rewrite_text
from tests.server.pipeline.test_peer_cases import MEETS as MEETS_OF_REDIRECTS
from tests.support.peer_cases import PeerCase, find_unmet_cases, needs_peer_cases, read_cases, select_cases
from tests.support.rewriting import REWRITER
from tests.utm.test_peer_cases import MEETS as MEETS_OF_PARAMETERS

REJECTED: Mapping[str, str] = {
    "click_test.rb:92": "A browser reads example.org as a relative path: the peer's guess leads elsewhere.",
    "link-tracking-composer-extension-spec.es6:7": "The same: without a scheme there is no host.",
    "link-tracking-composer-extension-spec.es6:102": "A message is rewritten on its way out; and never restored.",
    "link-replacer.test.js#Can replace fragments relative to base": "A fragment leads to a place of the message.",
    "analytics.spec.js:12": "{text/URL} is the peer's own notation for a link.",
    "Foundry376/Mailspring/issues/445": "The link pays an invoice, and its key lets anyone do so: it is not tracked.",
    "knadh/listmonk/issues/2499": "htts is no scheme of the web: the reporter's slip, and a reader gets nowhere.",
    "message_parser.rb:105": "The slash belongs to the URL; the peer's own comment calls its loss a bug.",
    "message_parser_spec.rb:8": "Who tracks has a tracking domain: there is no state without one.",
}
"""Expectations that we reject, with the reason."""

_DESTINATION = re.compile(r"(?:destination ==|decoded:|redirects to|redirected as) (https?://\S+)", re.IGNORECASE)
_BOUNDARY = "===============123=="


def links_of(markup: str) -> Sequence[Link]:
    """Links of HTML; asserts that nothing else changed."""
    result = rewrite_html(markup, REWRITER)
    restored = result.text
    for link in result.links:
        if link.replacement:
            restored = restored.replace(link.replacement, markup[link.start : link.end])
    assert restored == markup
    return result.links


def markup_of(case: PeerCase) -> str:
    """Markup of a case; if the case is prose, a link built from its URL or character reference."""
    if found := re.match(r"htt\S+", case.source_text):
        return f'<a href="{found[0]}">'
    if found := re.search(r" (&[\w#;]+)", case.source_text):
        return f'<a href="https://x.example/?a=1{found[1]}b=2">'
    return case.source_text


def is_tracked(case: PeerCase) -> bool:
    """Every link has its own position, and the first one the expected destination."""
    links = links_of(markup_of(case))
    if not links:
        return False
    match = _DESTINATION.search(case.expected)
    expected = html.unescape(match[1]) if match else links[0].destination
    return list(range(len(links))) == [link.position for link in links] and expected == links[0].destination


def is_decoded_once(case: PeerCase) -> bool:
    """Character references are decoded exactly once."""
    (link,) = links_of(markup_of(case))
    return is_tracked(case) and link.destination == html.unescape(markup_of(case).split('"')[-2])


def is_left(case: PeerCase) -> bool:
    return not any(link.is_tracked for link in links_of(case.source_text))


def has_opted_out(case: PeerCase) -> bool:
    return not any(link.is_tracked for link in links_of(markup_of(case)))


def is_kept(case: PeerCase) -> bool:
    """Only links change, as `links_of` asserts."""
    return links_of(case.source_text) is not None


def is_resolved(case: PeerCase) -> bool:
    href, base = re.split(r" against | base ", case.source_text.removeprefix("resolve "))
    tag = href if href.startswith("<") else '<a href="{}">'.format(href.strip("'"))
    (link,) = links_of(f'<base href="{base}">{tag}')
    expected = re.search(r"https?://[^\s\"]+", case.expected)
    return expected is not None and expected[0] == link.destination


def is_tracked_in_text(case: PeerCase) -> bool:
    """The URLs of each text are tracked without the characters around them, and other schemes are not."""
    for text in re.findall(r'"([^"]+)"', case.source_text):
        result = rewrite_text(text, REWRITER)
        urls = re.findall(r"https?://[\w./-]*[\w/]", text)
        expected = [url.rstrip("/") for url in urls] if "known bug" in case.expected else urls
        if expected != [link.destination for link in result.links]:
            return False
    return True


def is_left_in_text(case: PeerCase) -> bool:
    """Text without a URL is unchanged; there is always a tracking domain."""
    links = rewrite_text(case.source_text, REWRITER).links
    return not links and "no tracking domain" not in case.source_text


def is_undone(_: PeerCase) -> bool:
    """There is no way to remove tracking."""
    return False


def is_untouched(_: PeerCase) -> bool:
    """A signed message is unchanged, with the reason."""
    message = composed("quoted-printable")
    raw = message.as_bytes().replace(b"multipart/alternative", b"multipart/signed")
    result = rewrite_message(raw, REWRITER)
    return (raw, (SkipReason.SIGNED,)) == (result.raw, result.skip_reasons)


def is_whole(_: PeerCase) -> bool:
    """The link is tracked in every transfer encoding, and headers and boundaries are kept."""
    return all(survives(encoding) for encoding in ("8bit", "quoted-printable", "base64"))


def survives(encoding: str) -> bool:
    """Another parser reads the same message with another link."""
    message = composed(encoding)
    result = rewrite_message(message.as_bytes(), REWRITER)
    again = email.message_from_bytes(result.raw, policy=email.policy.default)
    (link,) = result.links
    before, after = ([part.get_content() for part in parsed.iter_parts()] for parsed in (message, again))
    headers = [part.items() for part in message.walk()] == [part.items() for part in again.walk()]
    return headers and [text.replace(link.href, link.replacement) for text in before] == after


def composed(encoding: str) -> EmailMessage:
    """A message with a boundary that looks like quoted-printable."""
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("é\n", charset="utf-8", cte=encoding)
    message.add_alternative('é <a href="https://x.com/?a=b">x</a>\n', subtype="html", charset="utf-8", cte=encoding)
    message.set_boundary(_BOUNDARY)
    return message


MEETS: Mapping[str, Callable[[PeerCase], bool]] = {
    "html-track": is_tracked,
    "html-entity": is_decoded_once,
    "html-skip": is_left,
    "html-optout": has_opted_out,
    "html-preserve": is_kept,
    "html-untrack": is_undone,
    "html-resolve": is_resolved,
    "url-resolve": is_resolved,
    "text-track": is_tracked_in_text,
    "text-skip": is_left_in_text,
    "mime-signed": is_untouched,
    "mime-preserve": is_whole,
    "mime-encoding": is_whole,
}
"""Check for each kind of case."""


@needs_peer_cases
def test_links_are_as_peers_expect(summarize: Callable[[str], None]) -> None:
    missed = find_unmet_cases(MEETS)
    summarize(f"{len(select_cases(*MEETS)) - len(missed)} expectations met, {len(missed)} rejected")
    assert sorted(REJECTED) == sorted(missed)


@needs_peer_cases
def test_no_case_is_forgotten() -> None:
    kinds = {*MEETS, *MEETS_OF_PARAMETERS, *MEETS_OF_REDIRECTS}
    assert set() == {case.kind for case in read_cases()} - kinds
