"""Add UTM parameters to a URL without changing anything else about it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote_plus

import ada_url

__all__ = ["tag"]

_C0_AND_SPACE = "".join(map(chr, range(0x21)))
_WEB = re.compile(r"https?:", re.IGNORECASE)
_SIGNATURES = frozenset({"x-amz-signature", "x-goog-signature", "x-oss-signature", "signature", "sig", "hmac"})
"""Query keys of URLs that are signed as a whole, and dead with one parameter more: Amazon S3 and CloudFront, Google
Cloud Storage, Alibaba OSS, Azure shared access signatures, Laravel's signed routes, Shopify."""


def tag(url: str, parameters: Mapping[str, str], own_hosts: Sequence[str]) -> str:
    """The URL with the parameters that it lacks, in front of its fragment.

    The rest stays as it is, character by character: nothing is parsed and written again. A parameter that is there
    already keeps its value, even an empty one. A URL that is no http or https URL, leads to a host that is not listed,
    or is signed, comes back unchanged.

    Args:
        url: an absolute URL.
        parameters: names and values, not encoded, in the order in which they are added.
        own_hosts: hosts in lower case; ``*.example.com`` stands for every host below ``example.com``.
    """
    if not _leads_to(url, own_hosts):
        return url
    end = url.find("#")
    if end < 0:
        end = len(url.rstrip(_C0_AND_SPACE))
    before, mark, query = url[:end].partition("?")
    keys = {unquote_plus(pair.partition("=")[0]).lower() for pair in query.split("&")}
    if keys & _SIGNATURES:
        return url
    missing = [
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items() if name not in keys
    ]
    if not missing:
        return url
    joint = "?" if not mark else "" if query.endswith("&") or not query else "&"
    return f"{before}{mark}{query}{joint}{'&'.join(missing)}{url[end:]}"


def _leads_to(url: str, own_hosts: Sequence[str]) -> bool:
    if not _WEB.match(url.lstrip(_C0_AND_SPACE)):
        return False
    try:
        host = ada_url.URL(url).hostname
    except ValueError:
        return False
    return any(host.endswith(own[1:]) if own.startswith("*.") else host == own for own in own_hosts)
