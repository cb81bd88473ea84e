"""Recognise ordinary links: those that no rule of any policy can exclude, except its rules for hosts.

Most links of most messages are ordinary. All links of a body are checked at once, in a third of the time that
`Policy.decide` takes for them. It decides on the others.
"""

import re
from collections.abc import Callable, Sequence

from clicktrail.rewrite.candidate import MAX_URL_BYTES, Candidate
from clicktrail.rewrite.link_purpose import find_keywords, is_social_host
from clicktrail.rewrite.opt_out import may_opt_out
from clicktrail.rewrite.url import SIMPLE_HOST

# A line for each link: its href, a space and its label. The host is empty unless the rest is ordinary: a normalised
# path in ASCII, without the brackets and "%" of most merge tags, and without ";" and thus "&amp;", and a label that
# is no URL. `find_keywords` finds the other merge tags.
_LINE = re.compile(
    r"""
    (?: https?:// (?P<host> [a-z0-9.-]*+ )
        (?: /(?!\.) [A-Za-z0-9!$'()*+,.:=&@_~-]*+ )*+
        (?: \?[A-Za-z0-9!$'()*+,./:?=&@_~-]*+ )?+
        (?: \#[A-Za-z0-9!$'()*+,./:?=&@_~-]*+ )?+
        \x20 [^.\n]*+
      | [^\n]*+ )
    \n
    """,
    re.VERBOSE | re.ASCII,
)
_HOST = re.compile(SIMPLE_HOST, re.ASCII)


def find_ordinary_links(links: Sequence[Candidate], *, is_host_excluded: Callable[[str], bool]) -> list[bool]:
    """Return for each link whether it is ordinary and its host is not excluded. False is correct for any link."""
    lines = [
        f"{link.href if link.href == link.url and len(link.url) <= MAX_URL_BYTES else ''} {link.label}\n"
        for link in links
    ]
    hosts = _LINE.findall("".join(lines))
    if len(hosts) != len(links):  # a line break within a link
        return [False] * len(links)
    excluded_hosts = {
        host for host in set(hosts) if not _HOST.fullmatch(host) or is_social_host(host) or is_host_excluded(host)
    }
    has_keyword = find_keywords([line if host else "" for line, host in zip(lines, hosts, strict=True)])
    return [
        host not in excluded_hosts
        and not has_keyword[index]
        and not link.is_trap
        and link.exclusion is None
        and not may_opt_out(link.attributes)
        for index, (link, host) in enumerate(zip(links, hosts, strict=True))
    ]
