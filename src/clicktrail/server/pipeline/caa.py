"""Whether CAA records allow a CA to issue a certificate for a host (RFC 8659)."""

from collections.abc import Iterable

from clicktrail.server.pipeline.dns_facts import CaaRecord

_CRITICAL_FLAG = 128
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"})
"""IANA, Certification Authority Restriction Properties, 2026-11-30. CAs refuse critical tags that they do not know."""


def has_unknown_critical_tag(records: Iterable[CaaRecord]) -> bool:
    """Whether a record has the critical flag and a tag that CAs do not know, so that none of them issues."""
    return any(record.flags & _CRITICAL_FLAG and record.tag not in _KNOWN_TAGS for record in records)


def list_issuers(records: Iterable[CaaRecord]) -> tuple[str, ...] | None:
    """Issuers that the records allow for a host that is no wildcard; None if they allow every one.

    Parameters behind the issuer's domain are ignored; ``issuewild`` does not count. ``issue ";"`` allows none.
    """
    found = tuple(records)
    if has_unknown_critical_tag(found):
        return ()
    values = [record.value.partition(";")[0].strip().lower() for record in found if record.tag == "issue"]
    return tuple(value for value in values if value) if values else None
