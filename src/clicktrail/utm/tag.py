"""Add UTM parameters to URLs without changing any other character."""

import dataclasses
from collections.abc import Mapping, Sequence

from clicktrail.errors import UtmError
from clicktrail.model.hosts import extract_host, is_host_listed
from clicktrail.secret_urls import find_secret
from clicktrail.utm import query
from clicktrail.utm.convention import Convention, ExistingUtmAction
from clicktrail.utm.query import QueryPair, SplitUrl


def add_utm_parameters(
    url: str,
    parameters: Mapping[str, str],
    own_hosts: Sequence[str],
    *,
    existing: ExistingUtmAction = ExistingUtmAction.FILL,
) -> str:
    """Return the URL with missing parameters added at the end of its query, in their order.

    A URL that is not http or https, has a host that is not listed, carries a secret or a signature, or is too large is
    returned unchanged. Parameters are not percent-encoded. ``existing`` also decides about empty UTM parameters of the
    URL.

    Raises:
        UtmError: the URL has UTM parameters and ``existing`` is ``refuse``.
    """
    if query.is_too_large(url) or not is_host_listed(extract_host(url), own_hosts):
        return url
    if find_secret(url):
        return url
    split = query.split_url(url)
    if split.has_utm:
        if existing is ExistingUtmAction.KEEP:
            return url
        if existing is ExistingUtmAction.REFUSE:
            raise UtmError(f"'{url}' already has UTM parameters", hint="remove them, or set existing = 'fill'")
    if existing is ExistingUtmAction.REPLACE:
        split = dataclasses.replace(split, pairs=_replace_values(split, parameters))
    return split.append_missing(parameters)


def _replace_values(split: SplitUrl, parameters: Mapping[str, str]) -> tuple[QueryPair, ...]:
    return tuple(
        query.encode_pair(pair.key, parameters[pair.key.lower()]) if pair.key.lower() in parameters else pair
        for pair in split.pairs
    )


_CONTENT_PARAMETER = "utm_content"


class UtmTagger:
    """Adds UTM parameters to the links of one message. Use a new tagger for each message."""

    def __init__(self, convention: Convention, *, campaign: str) -> None:
        self._convention = convention
        self._campaign = campaign
        self._names_link_in_content = any(
            placeholder in convention.content for placeholder in ("{location}", "{element}", "{label}")
        )
        self._used_contents: set[str] = set()
        self._last_numbers: dict[str, int] = {}

    def tag_url(self, url: str, *, location: str = "", element: str = "", label: str = "") -> str:
        """Return the URL with its parameters, as `add_utm_parameters` does.

        If ``utm_content`` names location, element or label, further links with the same value are numbered, such as
        ``body_button_2``. Call this in order of the links, once for links with the same position.

        Raises:
            UtmError: the URL has UTM parameters and the convention refuses them.
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
        unique = content
        while unique in self._used_contents:
            self._last_numbers[content] = number = self._last_numbers.get(content, 1) + 1
            unique = f"{content}_{number}"
        return unique
