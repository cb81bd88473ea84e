"""Add UTM parameters to a URL without changing anything else about it."""

import dataclasses
from collections.abc import Mapping, Sequence

from clicktrail.errors import UtmError
from clicktrail.model.hosts import is_among
from clicktrail.utm import query
from clicktrail.utm.convention import Existing
from clicktrail.utm.query import Pair, Pieces

__all__ = ["tag"]


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
