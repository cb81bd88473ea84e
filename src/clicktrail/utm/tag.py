"""Add UTM parameters to a URL without changing anything else about it."""

import dataclasses
from collections.abc import Mapping, Sequence

from clicktrail.errors import UtmError
from clicktrail.model.hosts import is_host_listed
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, ExistingUtmAction
from clicktrail.utm.query import QueryPair, SplitUrl

__all__ = ["UtmTagger", "add_utm_parameters"]


def add_utm_parameters(
    url: str,
    parameters: Mapping[str, str],
    own_hosts: Sequence[str],
    *,
    existing: ExistingUtmAction = ExistingUtmAction.FILL,
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
    if not is_host_listed(query.extract_host(url), own_hosts):
        return url
    pieces = query.split_url(url)
    if query.is_signed(pieces):
        return url
    if any(pair.is_utm for pair in pieces.pairs):
        if existing is ExistingUtmAction.KEEP:
            return url
        if existing is ExistingUtmAction.REFUSE:
            raise UtmError(f"'{url}' has UTM parameters already", hint="take them out, or let the convention fill them")
    if existing is ExistingUtmAction.REPLACE:
        pieces = dataclasses.replace(pieces, pairs=_replace_values(pieces, parameters))
    there = {pair.key.lower() for pair in pieces.pairs}
    return pieces.append_pairs(
        [query.encode_pair(name, value) for name, value in parameters.items() if name not in there]
    )


def _replace_values(pieces: SplitUrl, parameters: Mapping[str, str]) -> tuple[QueryPair, ...]:
    return tuple(
        query.encode_pair(pair.key, parameters[pair.key.lower()]) if pair.key.lower() in parameters else pair
        for pair in pieces.pairs
    )


# FOLDED tagger.py: Tag the links of one message, each by its place.

_CONTENT_PARAMETER = "utm_content"


class UtmTagger:
    """Tags the links of one message; a new message needs a new one.

    Args:
        convention: the values, and the hosts that get them.
        campaign: the message's campaign.
    """

    def __init__(self, convention: Convention, *, campaign: str) -> None:
        self._convention = convention
        self._campaign = campaign
        self._names_link_in_content = any(
            placeholder in convention.content for placeholder in ("{location}", "{element}", "{label}")
        )
        self._used_contents: set[str] = set()
        self._last_numbers: dict[str, int] = {}

    def tag_url(self, url: str, *, location: str = "", element: str = "", label: str = "") -> str:
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
        parameters = convention.build_parameters(
            campaign=self._campaign, location=location, element=element, label=label
        )
        content = parameters.get(_CONTENT_PARAMETER, "")
        if self._names_link_in_content and content:
            parameters[_CONTENT_PARAMETER] = self._make_content_unique(content)
        tagged = add_utm_parameters(url, parameters, convention.own_hosts, existing=convention.existing)
        if tagged != url:
            self._used_contents.add(parameters.get(_CONTENT_PARAMETER, ""))
        return tagged

    def _make_content_unique(self, content: str) -> str:
        name = content
        while name in self._used_contents:
            self._last_numbers[content] = number = self._last_numbers.get(content, 1) + 1
            name = f"{content}_{number}"
        return name
