"""UTM naming conventions."""

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
from clicktrail.model.control_characters import check_no_control_characters
from clicktrail.model.hosts import check_host_patterns

_WORD_SEPARATORS = re.compile(r"[\W_]+")
_NORMALIZED_CHARS = 64
_MAX_CHARS_PER_CHAR = 20
"""Characters of a text that are read for each of its value: separators and accents are left out."""


def to_snake_case(text: str, *, max_chars: int = 100) -> str:
    """Convert text to snake case, such as ``shop_now`` for "Shop now!"; empty if it has no letters or digits.

    Accents are removed (Unicode normalisation form KD without combining marks), so that the value needs no
    percent-encoding in a URL. Letters of other scripts are kept. A value longer than ``max_chars`` is cut after the
    last whole word that fits, or within the first word.
    """
    unaccented = _remove_accents(text[: max_chars * _MAX_CHARS_PER_CHAR])
    value = _WORD_SEPARATORS.sub("_", unaccented.casefold()).strip("_")
    if len(value) <= max_chars:
        return value
    return value[: max_chars + 1].rpartition("_")[0] or value[:max_chars]


def _remove_accents(text: str) -> str:
    if text.isascii():
        return text
    # In chunks, because the time to sort adjacent combining marks, which are dropped anyway, is quadratic.
    chunks = (text[start : start + _NORMALIZED_CHARS] for start in range(0, len(text), _NORMALIZED_CHARS))
    decomposed = "".join([unicodedata.normalize("NFKD", chunk) for chunk in chunks])
    return "".join([character for character in decomposed if not unicodedata.combining(character)])


DEFAULT_MEDIUMS: Mapping[str, str] = {
    "newsletter": "YYYY-MM_description",
    "automation": "description",
    "drip": "description",
    "transactional": "description",
}
"""Campaign pattern by medium: campaigns sent once have their month, recurring ones do not."""

_CAMPAIGN_PLACEHOLDER = "{campaign}"
_LINK_PLACEHOLDERS = ("{location}", "{element}", "{label}")
_PLACEHOLDER_PATTERN = re.compile(r"\{[^{}]*\}")
_MAX_LABEL_CHARS = 40
"""About five words: enough to distinguish the links of a message in a report."""


class ExistingUtmAction(StrEnum):
    """What to do with UTM parameters that a link already has."""

    FILL = "fill"
    """Keep them and add missing ones."""

    KEEP = "keep"
    """Do not change a link that has any."""

    REPLACE = "replace"
    """Replace their values in place and add missing ones."""

    REFUSE = "refuse"
    """Raise an error for a link that has any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """Values of the five UTM parameters.

    Values may contain placeholders: ``{campaign}`` for the campaign's name, and ``{location}``, ``{element}`` and
    ``{label}`` for the link's location, element and label in snake case. If a link has a label, ``{element}`` is the
    label too. A parameter is left out if its value is empty or a placeholder has no value.

    Attributes:
        own_hosts: host patterns of sites whose analytics read the parameters, as in `is_host_listed`. Other links get
            no parameters.
        mediums: allowed mediums, each with the pattern of its campaign names; see `matches_campaign_pattern`.

    Raises:
        SettingsError: a value has an unknown placeholder or a control character, or ``own_hosts`` has a pattern that
            can match no host.
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
        for name, value in self._get_value_templates().items():
            check_no_control_characters(name, value)
            for placeholder in _PLACEHOLDER_PATTERN.findall(value):
                if placeholder not in known:
                    raise SettingsError(
                        f"{name} has an unknown placeholder {placeholder}", hint=f"use {', '.join(known)}"
                    )

    def for_medium(self, medium: str) -> "Convention":
        """Return the convention with another medium, or unchanged if the medium is not one of its mediums."""
        return dataclasses.replace(self, medium=medium) if medium in self.mediums else self

    def build_parameters(
        self, *, campaign: str, location: str = "", element: str = "", label: str = ""
    ) -> dict[str, str]:
        """Build the parameters of a link, in order and not percent-encoded. The campaign's name is used unchanged."""
        label = to_snake_case(label, max_chars=_MAX_LABEL_CHARS)
        link_texts = dict(
            zip(_LINK_PLACEHOLDERS, (to_snake_case(location), label or to_snake_case(element), label), strict=True)
        )
        empty = [placeholder for placeholder, text in link_texts.items() if not text]
        texts = {_CAMPAIGN_PLACEHOLDER: campaign, **link_texts}
        parameters = {
            name: _PLACEHOLDER_PATTERN.sub(lambda placeholder: texts[placeholder[0]], template)
            for name, template in self._get_value_templates().items()
            if not any(placeholder in template for placeholder in empty)
        }
        return {name: value for name, value in parameters.items() if value}

    def _get_value_templates(self) -> dict[str, str]:
        return {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content,
            "utm_term": self.term,
        }


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
    """Parse a convention in TOML. docs/reference/utm.md describes the keys.

    Raises:
        SettingsError: not TOML, an unknown key, or an invalid value; the message names the key.
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


_SNAKE_CASE_REGEX = "[a-z0-9]+(?:_[a-z0-9]+)*"
_PATTERN_FIELDS = {
    "YYYY": "[0-9]{4}",
    "MM": "(?:0[1-9]|1[0-2])",
    "DD": "(?:0[1-9]|[12][0-9]|3[01])",
    "description": _SNAKE_CASE_REGEX,
}
_PATTERN_FIELD = re.compile("|".join(_PATTERN_FIELDS))


def matches_campaign_pattern(campaign: str, pattern: str) -> bool:
    """Whether the name of a campaign matches a pattern.

    In a pattern, ``YYYY``, ``MM`` and ``DD`` match the digits of a date and ``description`` matches ASCII words in
    snake case; other characters match themselves. ``YYYY-MM_description`` matches ``2026-11_black_friday``, and
    ``description`` matches ``welcome_series_2``.
    """
    regex, end = "", 0
    for field_match in _PATTERN_FIELD.finditer(pattern):
        regex += re.escape(pattern[end : field_match.start()]) + _PATTERN_FIELDS[field_match[0]]
        end = field_match.end()
    return re.fullmatch(regex + re.escape(pattern[end:]), campaign) is not None
