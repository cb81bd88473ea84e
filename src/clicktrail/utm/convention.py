"""How a sender names its campaigns in UTM parameters."""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from clicktrail.config_text import convert_config, decode_toml, suggest_name
from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_host_patterns

__all__ = [
    "DEFAULT_MEDIUMS",
    "Convention",
    "ExistingUtmAction",
    "matches_campaign_pattern",
    "parse_convention",
    "to_snake_case",
]

# FOLDED words.py: Write any text as a value of a UTM parameter: lower case, words joined by underscores.

_WORD_SEPARATORS = re.compile(r"[\W_]+")


def to_snake_case(text: str, *, max_chars: int = 100) -> str:
    """The text in snake case, such as ``shop_now`` for "Shop now!"; empty if it has neither letters nor digits.

    Letters lose their accents (Unicode normalisation form KD without its combining marks), so that the value reads the
    same in a URL; those of other scripts stay.

    Args:
        text: any text.
        max_chars: characters; a longer value ends with the last whole word that fits, or is cut if there is none.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    value = _WORD_SEPARATORS.sub("_", plain.casefold()).strip("_")
    if len(value) <= max_chars:
        return value
    return value[: max_chars + 1].rpartition("_")[0] or value[:max_chars]


DEFAULT_MEDIUMS: Mapping[str, str] = {
    "newsletter": "YYYY-MM_description",
    "automation": "description",
    "drip": "description",
    "transactional": "description",
}
"""The usual mediums, and how the campaigns of each are named: one-time sends by their month, evergreen ones without."""

_CAMPAIGN_PLACEHOLDER = "{campaign}"
_LINK_PLACEHOLDERS = ("{location}", "{element}", "{label}")
_PLACEHOLDER_PATTERN = re.compile(r"\{[^{}]*\}")
_MAX_LABEL_CHARS = 40
"""Characters: some five words, enough to tell a message's links from each other in a report's column."""


class ExistingUtmAction(StrEnum):
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
    campaign: str = _CAMPAIGN_PLACEHOLDER
    content: str = ""
    term: str = ""
    own_hosts: tuple[str, ...] = ()
    existing: ExistingUtmAction = ExistingUtmAction.FILL
    mediums: Mapping[str, str] = field(default_factory=lambda: DEFAULT_MEDIUMS)

    def __post_init__(self) -> None:
        check_host_patterns("own_hosts", self.own_hosts)
        known = (_CAMPAIGN_PLACEHOLDER, *_LINK_PLACEHOLDERS)
        for name, value in self._value_templates().items():
            for placeholder in _PLACEHOLDER_PATTERN.findall(value):
                if placeholder not in known:
                    raise SettingsError(
                        f"{name} has an unknown placeholder {placeholder}", hint=f"use {', '.join(known)}"
                    )

    def for_medium(self, medium: str) -> "Convention":
        """The convention for a message of a medium; as it is where that is none of its mediums."""
        return dataclasses.replace(self, medium=medium) if medium in self.mediums else self

    def build_parameters(
        self, *, campaign: str, location: str = "", element: str = "", label: str = ""
    ) -> dict[str, str]:
        """The parameters for a link, in the order in which they are added; values not yet encoded.

        Args:
            campaign: the campaign's name, put in as it is.
            location: the part of the message that the link stands in, such as ``header``.
            element: what the link is, such as ``button``.
            label: what it is called; any text.
        """
        label = to_snake_case(label, max_chars=_MAX_LABEL_CHARS)
        place = dict(
            zip(_LINK_PLACEHOLDERS, (to_snake_case(location), label or to_snake_case(element), label), strict=True)
        )
        unknown = [placeholder for placeholder, text in place.items() if not text]
        texts = {_CAMPAIGN_PLACEHOLDER: campaign, **place}
        filled = {
            name: _PLACEHOLDER_PATTERN.sub(lambda placeholder: texts[placeholder[0]], value)
            for name, value in self._value_templates().items()
            if not any(placeholder in value for placeholder in unknown)
        }
        return {name: value for name, value in filled.items() if value}

    def _value_templates(self) -> dict[str, str]:
        return {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content,
            "utm_term": self.term,
        }


# FOLDED parsing.py: Read a convention from TOML.

_NonEmptyText = Annotated[str, msgspec.Meta(min_length=1)]


class _ConventionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: _NonEmptyText = "email"
    medium: _NonEmptyText = "newsletter"
    campaign: _NonEmptyText = "{campaign}"
    content: str = "{location}_{element}"
    term: str = ""
    own_hosts: tuple[_NonEmptyText, ...] = ()
    existing: ExistingUtmAction = ExistingUtmAction.FILL
    mediums: dict[_NonEmptyText, _NonEmptyText] = msgspec.field(default_factory=lambda: dict(DEFAULT_MEDIUMS))


def parse_convention(text: str) -> Convention:
    """Read a convention, as docs/reference/utm.md describes it.

    Raises:
        SettingsError: no TOML, a key that there is not, or a value that does not fit; it names the key.
    """
    tree = decode_toml(text, dict[str, Any], name="the UTM convention")
    if (existing := tree.get("existing", "fill")) not in list(ExistingUtmAction):
        raise SettingsError(
            f"in the UTM convention: existing cannot be '{existing}'",
            hint=suggest_name(str(existing), ExistingUtmAction),
        )
    file = convert_config(tree, _ConventionFile, name="the UTM convention")
    if file.medium not in file.mediums:
        raise SettingsError(
            f"medium is '{file.medium}', which the convention does not list",
            hint=suggest_name(file.medium, file.mediums),
        )
    return Convention(**msgspec.structs.asdict(file))


# FOLDED pattern.py: What the campaign names of a medium look like.

_SNAKE_CASE_REGEX = "[a-z0-9]+(?:_[a-z0-9]+)*"
_PATTERN_FIELDS = {
    "YYYY": "[0-9]{4}",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "description": _SNAKE_CASE_REGEX,
}
_PATTERN_FIELD = re.compile("|".join(_PATTERN_FIELDS))


def matches_campaign_pattern(campaign: str, pattern: str) -> bool:
    """Whether a campaign is named by a pattern.

    In a pattern ``YYYY``, ``MM`` and ``DD`` stand for digits of a date, and ``description`` for words in snake case,
    ASCII; every other character stands for itself. ``YYYY-MM_description`` is fitted by ``2026-11_black_friday``,
    ``description`` by ``welcome_series_2``.
    """
    pieces, at = [], 0
    for part in _PATTERN_FIELD.finditer(pattern):
        pieces += [re.escape(pattern[at : part.start()]), _PATTERN_FIELDS[part[0]]]
        at = part.end()
    return re.fullmatch("".join([*pieces, re.escape(pattern[at:])]), campaign) is not None
