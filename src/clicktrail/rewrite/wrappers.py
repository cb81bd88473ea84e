"""Recognise links that an ESP or a mail filter has wrapped already: wrapped again, a click would be counted twice."""

import re
from collections.abc import Mapping

from clicktrail.rewrite.address import Address

__all__ = ["SIGNS", "wrapper"]

_WRAPPERS: Mapping[str, str] = {
    "SendGrid": r"[^/]+/(?:ls|wf|uni)/click\?upn=",
    "Mailgun": r"[^/]+/c/eJ[\w-]{20,}",
    "Postmark": r"(?:click|track)\.pstmrk\.it/",
    "Klaviyo": r"(?:[^/]+\.)?klclick\d*\.com/",
    "Amazon SES": r"(?:[^/]+\.)?awstrack\.me/|[^/]+/L0/https?[:%]",
    "Mandrill": r"(?:[^/]+\.)?mandrillapp\.com/track/click/",
    "Mailchimp": r"(?:[^/]+\.)?list-manage\d*\.com/track/click\?",
    "HubSpot": r"(?:[^/]+\.)?hubspotlinks\.com/|[^/]+/Ctc/",
    "Brevo": r"(?:[^/]+\.)?sendib[mt]\d*\.com/tr/|[^/]+/tr/cl/",
    "Customer.io": r"(?:[^/]+\.)?(?:customeriomail|customer)\.(?:com|io)/e/c/",
    "Microsoft Safe Links": r"(?:[^/]+\.)?safelinks\.protection\.outlook\.com/",
    "Proofpoint": r"urldefense(?:\.proofpoint)?\.(?:com|us)/",
    "Mimecast": r"(?:protect|url)[\w.-]*\.mimecast(?:protect)?\.com/",
    "Barracuda": r"linkprotect\.cudasvc\.com/",
    "Cisco": r"secure-web\.cisco\.com/",
}
"""By whom, and how host, path and query begin, on 2026-11-23.

SendGrid, Postmark, Klaviyo, Amazon SES, Safe Links and Proofpoint: from their documentation and public bug reports;
Mailchimp: from real mail. The others are written down as their links are known to look and were not checked against a
source. A pattern that fits too much leaves a link untracked, with this reason; one that fits too little wraps it twice.
"""

SIGNS = (
    *("/click?", "/c/eJ", "pstmrk", "klclick", "awstrack", "/L0/", "mandrillapp", "list-manage", "hubspotlinks"),
    *("/Ctc/", "sendib", "/tr/cl", "/e/c/", "safelinks", "urldefense", "mimecast", "cudasvc", "secure-web"),
)
"""Parts of host or path, one of which each wrapper's links have; see `signs`."""

_PATTERNS = {name: re.compile(pattern, re.ASCII) for name, pattern in _WRAPPERS.items()}


def wrapper(address: Address) -> str:
    """Who has wrapped a link; empty if nobody is known to have."""
    place = f"{address.hostname}{address.path}{address.query}"
    return next((name for name, pattern in _PATTERNS.items() if pattern.match(place)), "")
