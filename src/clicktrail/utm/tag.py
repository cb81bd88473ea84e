"""Add UTM parameters to a URL without changing anything else about it."""

import dataclasses
from collections.abc import Mapping, Sequence

from clicktrail.errors import UtmError
from clicktrail.model.hosts import is_among
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, Existing
from clicktrail.utm.query import Pair, Pieces

__all__ = ["Tagger", "tag"]


def tag(
    url: str, parameters: Mapping[str, str], own_hosts: Sequence[str], *, existing: Existing = Existing.FILL
) -> str:
    """The URL with the parameters that it lacks, in front of its fragment.

    The rest stays as it is, character by character: nothing is parsed and written again. A URL that is no http or
    https URL, leads to a host that is not listed, or is signed, comes back unchanged.

    Args:
        url: an absolute URL.
        parameters: names and values, not encoded, in the order in which they are added.
        own_hosts: hosts in lower case; ``*.example.com`` stands for every host below ``example.com``, ``*`` for every
            host.
        existing: what becomes of UTM parameters that are there already, even empty ones.

    Raises:
        UtmError: there are some, and ``existing`` is ``refuse``.
    """
    if not is_among(query.host_of(url), own_hosts):
        return url
    pieces = query.take_apart(url)
    if query.is_signed(pieces):
        return url
    if any(pair.is_utm for pair in pieces.pairs):
        if existing is Existing.KEEP:
            return url
        if existing is Existing.REFUSE:
            raise UtmError(f"'{url}' has UTM parameters already", hint="take them out, or let the convention fill them")
    if existing is Existing.REPLACE:
        pieces = dataclasses.replace(pieces, pairs=_replaced(pieces, parameters))
    there = {pair.key.lower() for pair in pieces.pairs}
    return pieces.adding([query.pair(name, value) for name, value in parameters.items() if name not in there])


def _replaced(pieces: Pieces, parameters: Mapping[str, str]) -> tuple[Pair, ...]:
    return tuple(
        query.pair(pair.key, parameters[pair.key.lower()]) if pair.key.lower() in parameters else pair
        for pair in pieces.pairs
    )


# FOLDED tagger.py: Tag the links of one message, each by its place.

_CONTENT = "utm_content"


class Tagger:
    """Tags the links of one message; a new message needs a new one.

    Args:
        convention: the values, and the hosts that get them.
        campaign: the message's campaign.
    """

    def __init__(self, convention: Convention, *, campaign: str) -> None:
        self._convention = convention
        self._campaign = campaign
        self._by_place = any(
            placeholder in convention.content for placeholder in ("{location}", "{element}", "{label}")
        )
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}

    def tag(self, url: str, *, location: str = "", element: str = "", label: str = "") -> str:
        """The URL with its parameters; see `utm.tag` for what stays as it is.

        Where ``utm_content`` names the place, a second link of the same name is numbered, such as ``body_button_2``.
        Call it once for each link in the order of the message, and for links that are one only once.

        Args:
            url: an absolute URL.
            location: the part of the message that it stands in, such as ``header``; empty if not known.
            element: what it is, such as ``button``; empty if not known.
            label: what it is called; any text.

        Raises:
            UtmError: it has UTM parameters, and the convention refuses them.
        """
        convention = self._convention
        parameters = convention.parameters(campaign=self._campaign, location=location, element=element, label=label)
        content = parameters.get(_CONTENT, "")
        if self._by_place and content:
            parameters[_CONTENT] = self._unused(content)
        tagged = tag(url, parameters, convention.own_hosts, existing=convention.existing)
        if tagged != url:
            self._used.add(parameters.get(_CONTENT, ""))
        return tagged

    def _unused(self, content: str) -> str:
        name = content
        while name in self._used:
            self._numbers[content] = number = self._numbers.get(content, 1) + 1
            name = f"{content}_{number}"
        return name
