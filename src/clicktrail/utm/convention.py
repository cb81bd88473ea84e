"""How a sender names its campaigns in UTM parameters."""

import re
from dataclasses import dataclass

from clicktrail.errors import SettingsError

__all__ = ["Convention"]

_CAMPAIGN = "{campaign}"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """The values of the five UTM parameters, the same for every message of a stream.

    ``{campaign}`` in a value stands for the campaign's name. An empty value leaves its parameter out.

    Attributes:
        source: ``utm_source``: where the click came from, such as ``email``.
        medium: ``utm_medium``: the kind of message, such as ``newsletter``.
        campaign: ``utm_campaign``.
        content: ``utm_content``.
        term: ``utm_term``.
        own_hosts: the hosts whose analytics read the parameters, lower case, IDN in its ASCII form: exact, or
            ``*.example.com`` for every host below ``example.com``. No other host's links are touched.

    Raises:
        SettingsError: a value has a placeholder other than ``{campaign}``.
    """

    source: str
    medium: str
    campaign: str = _CAMPAIGN
    content: str = ""
    term: str = ""
    own_hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in self._values().items():
            for placeholder in _PLACEHOLDER.findall(value):
                if placeholder != _CAMPAIGN:
                    raise SettingsError(f"{name} has an unknown placeholder {placeholder}", hint=f"use {_CAMPAIGN}")

    def parameters(self, *, campaign: str) -> dict[str, str]:
        """The parameters for one campaign's links, in the order in which they are added; values not yet encoded."""
        filled = {name: value.replace(_CAMPAIGN, campaign) for name, value in self._values().items()}
        return {name: value for name, value in filled.items() if value}

    def _values(self) -> dict[str, str]:
        return {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content,
            "utm_term": self.term,
        }
