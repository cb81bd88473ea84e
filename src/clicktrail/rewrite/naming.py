"""Say beside the tracking URLs of a plain text where they lead: ``https://links.example/abc (shop.example)``.

In HTML a link's text says that. In plain text a reader sees the tracking URL alone, which tells nothing of the page.
"""

import re
from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from clicktrail.model.link import Link
from clicktrail.rewrite.address import read_address

__all__ = ["name_hosts"]

# Between these a URL stands by itself, so that the host comes behind the second.
_PAIRS = {"<": ">", "(": ")", '"': '"'}
_NEIGHBOURS = re.compile(r"[<>()\[\]]{1,2}| <")  # of a URL that is the label of the link behind it


def name_hosts(text: str, links: Sequence[Link]) -> tuple[Link, ...]:
    """The links of a plain text, those tracked with the host of their destination and the place for it.

    It stands behind the URL, or behind the angle brackets, parentheses or quotation marks around it, where it cannot
    break Markdown. A URL whose label is the same URL is named once. One in brackets that hold more is not named.
    """
    named = []
    for link, after in zip_longest(links, links[1:]):
        at = _place(text, link)
        if not link.tracked or at is None or _is_label(text, link, after):
            named.append(link)
        else:
            host = read_address(link.destination).hostname
            named.append(msgspec.structs.replace(link, host=host, host_at=at))
    return tuple(named)


def _place(text: str, link: Link) -> int | None:
    before = text[max(link.start - 2, 0) : link.start]
    closing = _PAIRS.get(before[-1:])
    if closing and text.startswith(closing, link.end):
        return link.end + 1
    return None if before.endswith(("<", "](")) else link.end


def _is_label(text: str, link: Link, after: Link | None) -> bool:
    return (
        after is not None
        and after.destination == link.destination
        and bool(_NEIGHBOURS.fullmatch(text, link.end, after.start))
    )
