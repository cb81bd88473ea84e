"""Public suffixes, such as ``co.uk``, and organisational domains, such as ``example.co.uk``.

The list (publicsuffix.org) comes with the package publicsuffixlist; nothing is fetched.
"""

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _load_list() -> PublicSuffixList:
    return PublicSuffixList()


def find_public_suffix(host: str) -> str:
    """Public suffix of a host in lower-case ASCII: the last label where the list has no rule."""
    return _load_list().publicsuffix(host.removesuffix(".")) or ""


def find_organisational_domain(host: str) -> str:
    """Public suffix and the label before it (RFC 7489 section 3.2); the host itself if it is a public suffix."""
    name = host.removesuffix(".")
    return _load_list().privatesuffix(name) or name


@cache
def _load_listed_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def has_listed_suffix(name: str) -> bool:
    """Whether a name ends in a top-level domain that exists, and has at least one more label."""
    return _load_listed_suffixes().privatesuffix(name) is not None
