"""Expectations of other projects' tests and bug reports about redirects and counting."""

import re
from collections.abc import Callable, Mapping

from clicktrail.judge import judge
from clicktrail.model.event import Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.rewrite import rewrite_html
from clicktrail.server.edge.responses import Response
from clicktrail.server.pipeline.redirect import LookupRequired, NotFound, Redirect, Redirector
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing, KeyState, SealedLink, seal_token
from tests.support.edge import build_routes
from tests.support.events import CONTEXT, NOON
from tests.support.manual_journal import ManualJournal
from tests.support.memory_registry import MemoryRegistry
from tests.support.peer_cases import PeerCase, find_unmet_cases, needs_peer_cases, select_cases
from tests.support.rewriting import REWRITER

_FIXED = "Readers cannot extend a destination: only sealed destinations are redirected to."
_WEB_ONLY = "Only http and https redirect."
_NO_PIXEL = "There is no tracking pixel: opening a message is not tracked."
_FALLBACK = "A token that cannot be opened is answered 404, without a fallback."
_TEMPLATE = "Merge tags belong to the sending program; a destination is sealed unchanged."

REJECTED: Mapping[str, str] = {
    "ShortUrlRedirectionBuilderTest.php:68": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:69": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:70": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:72": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:73": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:74": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:76": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:82": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:88": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:100": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:101": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:107": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:113": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:119": _FIXED,
    "ShortUrlRedirectionBuilderTest.php:131": _WEB_ONLY,
    "ShortUrlRedirectionBuilderTest.php:132": _WEB_ONLY,
    "ShortUrlRedirectionBuilderTest.php:133": _WEB_ONLY,
    "click_test.rb:39": _FALLBACK,
    "click_test.rb:49": "A URL in a parameter is never followed; our old tokens open by tests/tokens/vectors.toml.",
    "MailTrackerTest.php:416": _FALLBACK,
    "MailTrackerTest.php:438": "The same: a mail that holds a link does not make an unsigned URL true.",
    "MailTrackerTest.php:455": _FALLBACK,
    "test_pytracking.py:8": "Such a token can be forged: it is neither encrypted nor signed.",
    "test_pytracking.py:61": "A token ends with a letter or a digit; a slash after it makes a different path.",
    "tracking_middleware_spec.rb:26": _NO_PIXEL,
    "phish_test.go:364": _TEMPLATE,
    "email_request_test.go:140": _TEMPLATE,
}
"""Expectations that we reject, and why."""

_KEY = Key(number=0, secret=b"k" * SECRET_BYTES)
_RING = KeyRing([_KEY])


def seal(destination: str) -> str:
    sealed = SealedLink(
        destination=destination, message_id="m1", recipient="r", campaign="c", position=0, link_count=1, sent_at=NOON
    )
    return seal_token(_RING, sealed)


def decide(path: str, *, method: str = "GET", ring: KeyRing = _RING, agent: str = "Mozilla/5.0") -> Redirect | NotFound:
    """The decision on a request. The query is removed, as the edge does."""
    headers = {"user-agent": agent}
    request = Request(method=method, path=path.partition("?")[0], peer="192.0.2.10", headers=headers)
    decision = Redirector(ring, links=MemoryRegistry().create_link_resolver()).decide(request, now=NOON, click_id="c1")
    assert not isinstance(decision, LookupRequired)
    return decision


def location(path: str) -> str:
    """The location of the redirect; empty without a redirect."""
    decision = decide(path)
    return decision.location if isinstance(decision, Redirect) else ""


def verdict(click: Click | None) -> Verdict | None:
    """The verdict on a single click; None if it is not counted."""
    (judged,) = judge(Timeline.from_events("m1", [click]), CONTEXT) if click else (None,)
    return judged.verdict if judged and judged.counted else None


def is_forwarded(case: PeerCase) -> bool:
    """The redirect has the same location."""
    stored, added, path = re.split(r"stored |; click query |; extra path |; forwardQuery", case.source_text)[1:4]
    extra = path.strip("'").removeprefix("null")
    return case.expected == f"Location: {location('/' + seal(stored) + extra + '?' + added.strip(chr(39)))}"


def is_followed(case: PeerCase) -> bool:
    """A destination of another scheme is redirected to."""
    return location("/" + seal(case.source_text.removeprefix("stored "))) != ""


def is_signed(case: PeerCase) -> bool:
    """A token that no key sealed is answered 404; a token of an old key still redirects."""
    if "old secret" in case.source_text:
        ring = KeyRing(
            [Key(number=1, secret=b"n" * SECRET_BYTES), Key(number=0, secret=_KEY.secret, state=KeyState.OPEN)]
        )
        return isinstance(decide("/" + seal("https://x.com/"), ring=ring), Redirect)
    changed = seal("https://x.com/")[:-2] + "AA"
    return case.expected.startswith("404") and isinstance(decide("/" + changed), NotFound)


def is_secure(case: PeerCase) -> bool:
    """Only tokens redirect: never a URL in a parameter, and there is no fallback."""
    (parameter,) = re.findall(r"\S*=\S+|unknown hash", case.source_text)[-1:]
    return location("/?" + parameter) == location("/" + parameter) == "" and "redirect to" not in case.expected


def is_served(case: PeerCase) -> bool:
    """The edge's own answer to a path."""
    answers: list[Response] = []
    routes = build_routes(ManualJournal())
    path = case.source_text.removeprefix("GET ").partition("?")[0].partition(" ")[0]
    routes.answer(Request(method="GET", path=path, peer="192.0.2.10", headers={}), answers.append)
    site = routes.sites.find("")
    expected = site.static_pages.get(path, site.pages.not_found)({}) if site else None
    return [expected] == answers and not case.expected.startswith("200 image")


def is_no_click(case: PeerCase) -> bool:
    """HEAD redirects without being counted; a declared program is not human."""
    if case.source_text.startswith("UA "):
        return verdict(decide("/" + seal("https://x.com/"), agent=case.source_text[3:]).event) in {
            Verdict.BOT,
            Verdict.PREVIEW,
        }
    decision = decide("/" + seal("https://x.com/"), method="HEAD")
    return isinstance(decision, Redirect) and verdict(decision.event) is None


def is_encoded(case: PeerCase) -> bool:
    """The location is visible ASCII: paths percent-encoded, hosts in their ASCII form, the rest as it was."""
    urls = [url if "://" in url else f"http://{url}/" for url in case.source_text.split(" ; ")]
    locations = [location("/" + seal(url)) for url in urls]
    is_unchanged = all(location == url for url, location in zip(urls, locations, strict=True) if url.isascii())
    has_ascii_host = [
        "xn--" in location for url, location in zip(urls, locations, strict=True) if not url.split("/")[2].isascii()
    ]
    return is_unchanged and all(has_ascii_host) and all(location.isascii() and location for location in locations)


def is_unchanged(_: PeerCase) -> bool:
    """Unsubscribe links are not tracked, so a scanner cannot reach them through us."""
    (link,) = rewrite_html('<a href="https://x.com/unsubscribe?u=1">', REWRITER).links
    return not link.is_tracked


def is_rejected(_: PeerCase) -> bool:
    """The peer's behaviour does not apply."""
    return False


MEETS: Mapping[str, Callable[[PeerCase], bool]] = {
    "redirect-query-forward": is_forwarded,
    "redirect-scheme": is_followed,
    "redirect-signature": is_signed,
    "redirect-security": is_secure,
    "redirect-server": is_served,
    "redirect-bot": is_no_click,
    "redirect-encoding": is_encoded,
    "redirect-template": is_rejected,
    "template": is_rejected,
    "token": is_rejected,
    "unsubscribe": is_unchanged,
}
"""By kind of case: whether we meet it."""


@needs_peer_cases
def test_redirects_are_as_peers_expect(summarize: Callable[[str], None]) -> None:
    missed = find_unmet_cases(MEETS)
    summarize(f"{len(select_cases(*MEETS)) - len(missed)} expectations met, {len(missed)} rejected")
    assert sorted(REJECTED) == sorted(missed)
