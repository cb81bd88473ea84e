"""Whether a tracking domain and a From address belong to the same organisational domain."""

from email.utils import parseaddr

from clicktrail.errors import ClicktrailError
from clicktrail.model.hosts import normalize_host
from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus
from clicktrail.server.pipeline.public_suffixes import find_organisational_domain


def check_alignment(host: str, from_address: str) -> Check:
    """Compare the organisational domains of a tracking domain and of a From address, as DMARC does (relaxed mode).

    Args:
        host: in lower-case ASCII, without the last dot.
        from_address: an address or a From header, such as ``Shop <news@example.com>``.

    Raises:
        ClicktrailError: the address has no domain.
    """
    _, address = parseaddr(from_address)
    sender = normalize_host(address.rpartition("@")[2].rstrip(".")) if "@" in address else ""
    if not sender:
        raise ClicktrailError(f"'{from_address}' is no email address", hint="write one such as news@example.com")
    domain, sender_domain = find_organisational_domain(host), find_organisational_domain(sender)
    if domain == sender_domain:
        return Check(code=CheckCode.NOT_ALIGNED, status=CheckStatus.PASS, found=domain, expected=sender_domain)
    return Check(
        code=CheckCode.NOT_ALIGNED,
        status=CheckStatus.WARN,
        found=domain,
        expected=sender_domain,
        cause=f"Links on {domain} in mail from {sender_domain} look like phishing to filters and to readers.",
        fix=f"Use a tracking domain below {sender_domain}, such as links.{sender_domain}, for mail from {address}.",
    )
