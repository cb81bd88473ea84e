"""Recognise links that an ESP or a mail filter has wrapped already: wrapped again, a click would be counted twice."""

import re
from collections.abc import Mapping

from clicktrail.rewrite.address import Address

__all__ = ["SIGNS", "wrapper"]

_WRAPPERS: Mapping[str, str] = {
    "Klaviyo": r"(?:[^/]+\.)?klclick\d*\.com/",
    "SendGrid": r"[^/]+/(?:uni/)?(?:ls|wf)/click\?upn=",
    "Mailgun": r"[^/]+/c/eJ[\w-]{20,}",  # zlib's first bytes in Base64
    "Postmark": r"(?:click|track)\.pstmrk\.it/",
    "Amazon SES": r"(?:[^/]+\.)?awstrack\.me/|[^/]+/L0/https?[:%]",
    "Mandrill": r"mandrillapp\.com/track/click",
    "Mailchimp": r"(?:[^/]+\.)?list-manage\d*\.com/track/click\?",
    "HubSpot": r"(?:[^/]+\.)?hubspotlinks\.com/|[^/]+/e3t/[BC]tc/",
    "Brevo": r"[^/]+/tr/cl/[\w-]{20,}",
    "Customer.io": r"[^/]+/e/c/eyJ",  # JSON's first characters in Base64
    "Microsoft Safe Links": r"(?:[^/]+\.)?safelinks\.protection\.outlook\.com/",
    "Proofpoint": r"urldefense(?:\.proofpoint)?\.(?:com|us)/",
    "Mimecast": r"(?:protect-[a-z]+\.mimecast|url\.[\w.-]+\.mimecastprotect)\.com/",
    "Barracuda": r"linkprotect\.cudasvc\.com/",
    "Cisco": r"secure-web\.cisco\.com/",
    "Symantec": r"clicktime\.symantec\.com/",
    "Check Point": r"url\.avanan\.click/",
}
"""By whom, and how host, path and query begin.

Each was held on 2026-11-23 against URLs of that kind: for Mailchimp in real mail, for all others in source code, tests
and reports of public repositories, where many senders' stand. A pattern that fits too much leaves a link untracked,
with this reason; one that fits too little wraps it twice.
"""

SIGNS = (
    *("klclick", "/click?upn=", "/c/eJ", "pstmrk", "awstrack", "/L0/", "mandrillapp", "list-manage", "hubspotlinks"),
    *("/e3t/", "/tr/cl/", "/e/c/eyJ", "safelinks", "urldefense", "mimecast", "cudasvc", "secure-web", "clicktime"),
    "avanan",
)
"""Parts of host or path, one of which each wrapper's links have; see `signs`."""

_PATTERNS = {name: re.compile(pattern, re.ASCII) for name, pattern in _WRAPPERS.items()}


def wrapper(address: Address) -> str:
    """Who has wrapped a link; empty if nobody is known to have."""
    place = f"{address.hostname}{address.path}{address.query}"
    return next((name for name, pattern in _PATTERNS.items() if pattern.match(place)), "")
