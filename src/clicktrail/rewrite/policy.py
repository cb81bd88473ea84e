"""Decide which links are tracked, and say why the others are not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import ada_url

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Candidate

__all__ = ["Policy"]

LONGEST = 4_000
"""Bytes of a destination in UTF-8. Sealed, it is a third longer, and servers take request lines of some 8,000 bytes."""

_OPT_OUT: Mapping[str, str | None] = {
    "data-clicktrail": "off",
    "clicktracking": "off",  # SendGrid, "Click Tracking"
    "data-pm-no-track": None,  # Postmark, "Link tracking", section "Excluding links"
    "ses:no-track": None,  # Amazon SES, "Email sending metrics FAQs", "Can I disable click tracking for a link?"
}
"""Attributes by which a tag opts out, with the value that it takes; None where the attribute's presence is enough."""

# Delimiters of the template languages of mail programs and ESPs, plain or percent-encoded by an editor. In %name% one
# end must not be a percent-encoded byte: "%C3%A9" is an e with an accent.
_MERGE_TAG = re.compile(
    r"""
    \{\{ | \{% | \{\$ | \$\{ | \*\| | \[\[ | <% | %7B%7B
  | %(?![0-9A-Fa-f]{2})[A-Za-z_][\w.:-]*+% | %[A-Za-z_][\w.:-]*+%(?![0-9A-Fa-f]{2})
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*+):", re.ASCII | re.IGNORECASE)
_WEB = re.compile(r"https?://", re.ASCII | re.IGNORECASE)
_UNSUBSCRIBE = re.compile(
    r"""
    unsub | (?<![a-z])(?: opt[-_]?out | (?:email|mail|notification|subscription|manage)[-_]?(?:settings|subscriptions?)
  | preferences? | abmeld\w* | desabonn\w* | desinscri\w* )(?![a-z])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is ours, and so decides which links are tracked.

    Attributes:
        tracking_domains: the hosts of our tracking URLs, as a URL parser gives them: lower case, IDN in its ASCII form,
            with ``:port`` where it is not the scheme's default.
    """

    tracking_domains: frozenset[str] = frozenset()

    def judge(self, candidate: Candidate) -> LinkReason:
        """Why a link is tracked or not, the sender's own wish first."""
        url = candidate.url
        if _has_opted_out(candidate.attributes):
            return LinkReason.OPT_OUT
        if _MERGE_TAG.search(url):
            return LinkReason.MERGE_TAG
        if not _WEB.match(url):
            return _reason_not_absolute(url)
        return self._judge_absolute(url)

    def _judge_absolute(self, url: str) -> LinkReason:
        try:
            parsed = ada_url.URL(url)
            length = len(url.encode())
        except ValueError:
            return LinkReason.INVALID
        if parsed.username or parsed.password:
            return LinkReason.CREDENTIALS
        if parsed.host in self.tracking_domains:
            return LinkReason.ALREADY_TRACKED
        if _UNSUBSCRIBE.search((parsed.pathname + parsed.search).lower()):
            return LinkReason.UNSUBSCRIBE
        return LinkReason.TOO_LONG if length > LONGEST else LinkReason.TRACKED


def _has_opted_out(attributes: Mapping[str, str]) -> bool:
    return any(
        name in attributes and (value is None or attributes[name].strip().lower() == value)
        for name, value in _OPT_OUT.items()
    )


def _reason_not_absolute(url: str) -> LinkReason:
    """A scheme of the web without ``//`` is invalid: browsers and mail programs read ``https:x.com`` differently."""
    scheme = _SCHEME.match(url)
    if scheme is None:
        return LinkReason.RELATIVE
    return LinkReason.INVALID if scheme[1].lower() in {"http", "https"} else LinkReason.NOT_WEB
