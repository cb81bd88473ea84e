"""How a sender names its campaigns in UTM parameters."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_hosts
from clicktrail.utm.words import snake

__all__ = ["MEDIUMS", "Convention", "Existing"]

MEDIUMS: Mapping[str, str] = {
    "newsletter": "YYYY-MM_description",
    "automation": "description",
    "drip": "description",
    "transactional": "description",
}
"""The usual mediums, and how the campaigns of each are named: one-time sends by their month, evergreen ones without."""

_CAMPAIGN = "{campaign}"
_OF_THE_LINK = ("{location}", "{element}", "{label}")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LONGEST_LABEL = 40
"""Characters: some five words, enough to tell a message's links from each other in a report's column."""


class Existing(StrEnum):
    """What becomes of a link's own UTM parameters."""

    FILL = "fill"
    """They keep their values; what is missing is added."""

    KEEP = "keep"
    """A link that has any is left as it is."""

    REPLACE = "replace"
    """They get the convention's values where they stand; what is missing is added."""

    REFUSE = "refuse"
    """A link that has any is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """The values of the five UTM parameters for the messages of a stream.

    In a value ``{campaign}`` stands for the campaign's name; ``{location}``, ``{element}`` and ``{label}`` for the
    place of a link in its message, in snake case. A label goes before an element: where a link has one, ``{element}``
    stands for it. An empty value leaves its parameter out, and so does one that needs what is not known of a link.

    Attributes:
        source: ``utm_source``: where the click came from, such as ``email``.
        medium: ``utm_medium``: the kind of message, such as ``newsletter``.
        campaign: ``utm_campaign``.
        content: ``utm_content``.
        term: ``utm_term``.
        own_hosts: the hosts whose analytics read the parameters, lower case, IDN in its ASCII form: exact, or
            ``*.example.com`` for every host below ``example.com``, or ``*`` for every host. No other host's links are
            touched.
        existing: what becomes of a link's own UTM parameters.
        mediums: the mediums that there are, and for each the pattern of its campaigns; see `pattern.fits`.

    Raises:
        SettingsError: a value has an unknown placeholder, or ``own_hosts`` a host that no link could lead to.
    """

    source: str
    medium: str
    campaign: str = _CAMPAIGN
    content: str = ""
    term: str = ""
    own_hosts: tuple[str, ...] = ()
    existing: Existing = Existing.FILL
    mediums: Mapping[str, str] = field(default_factory=lambda: MEDIUMS)

    def __post_init__(self) -> None:
        check_hosts("own_hosts", self.own_hosts)
        known = (_CAMPAIGN, *_OF_THE_LINK)
        for name, value in self._values().items():
            for placeholder in _PLACEHOLDER.findall(value):
                if placeholder not in known:
                    raise SettingsError(
                        f"{name} has an unknown placeholder {placeholder}", hint=f"use {', '.join(known)}"
                    )

    def of_medium(self, medium: str) -> "Convention":
        """The convention for a message of a medium; as it is where that is none of its mediums."""
        return dataclasses.replace(self, medium=medium) if medium in self.mediums else self

    def parameters(self, *, campaign: str, location: str = "", element: str = "", label: str = "") -> dict[str, str]:
        """The parameters for a link, in the order in which they are added; values not yet encoded.

        Args:
            campaign: the campaign's name, put in as it is.
            location: the part of the message that the link stands in, such as ``header``.
            element: what the link is, such as ``button``.
            label: what it is called; any text.
        """
        label = snake(label, longest=_LONGEST_LABEL)
        place = dict(zip(_OF_THE_LINK, (snake(location), label or snake(element), label), strict=True))
        unknown = [placeholder for placeholder, text in place.items() if not text]
        texts = {_CAMPAIGN: campaign, **place}
        filled = {
            name: _PLACEHOLDER.sub(lambda placeholder: texts[placeholder[0]], value)
            for name, value in self._values().items()
            if not any(placeholder in value for placeholder in unknown)
        }
        return {name: value for name, value in filled.items() if value}

    def _values(self) -> dict[str, str]:
        return {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content,
            "utm_term": self.term,
        }
