"""Find UTM values that an analytics export has in several spellings."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clicktrail.errors import ClicktrailError
from clicktrail.utm.convention import Convention
from clicktrail.utm.export import ExportRow
from clicktrail.utm.spelling import (
    MAX_FOLDED_CHARS,
    UTM_PARAMETERS,
    fold_value,
    is_typo,
    match_known_value,
    normalize_value,
)

_TYPO_FREQUENCY_RATIO = 5
"""A value is a typo only if it is five times rarer than the value it resembles."""

MAX_VALUES = 50_000
"""Different values in an export, of all parameters. Each takes about 30 µs."""

_MAX_COMPARED_CHARS = 100_000
"""Characters of a parameter's folded values that are searched for typos, in about 0.2 s."""

_MAX_SIMILAR_VALUES = 10
"""Values with the same remainder that are compared. People do not write more that differ by one character."""

_PARAMETERS_WITH_NOISE_WORDS = ("utm_source", "utm_medium")


class VariantReason(StrEnum):
    """How a value differs from its canonical value."""

    SPELLING = "spelling"
    """By case, accents or separators."""

    SYNONYM = "synonym"
    """By words without meaning, such as ``marketing``."""

    TYPO = "typo"
    """By one typo, and rare."""

    SWAPPED = "swapped"
    """The source is one of the convention's mediums, and the medium is its source."""


SOURCE_AND_MEDIUM = "utm_source / utm_medium"
"""Parameter of a swapped variant, whose values are both: neither is wrong by itself."""

_ORDER = (SOURCE_AND_MEDIUM, *UTM_PARAMETERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A value to replace by its canonical value, with its number of rows and sum of sessions in the export."""

    parameter: str
    value: str
    canonical: str
    reason: VariantReason
    rows: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UtmAudit:
    """Result of `audit_rows`.

    Attributes:
        rows: rows with UTM values.
        sessions: sum of their sessions; 0 if the export has no such column.
        inconsistent_rows: rows with a variant.
        variants: ordered by parameter, canonical value and value.
    """

    rows: int
    sessions: int
    inconsistent_rows: int
    inconsistent_sessions: int
    variants: tuple[Variant, ...]


@dataclass(slots=True)
class _ValueCount:
    rows: int = 0
    sessions: int = 0

    def add(self, other: "_ValueCount") -> None:
        self.rows += other.rows
        self.sessions += other.sessions

    @property
    def weight(self) -> tuple[int, int]:
        return self.sessions, self.rows


def audit_rows(rows: Iterable[ExportRow], convention: Convention) -> UtmAudit:
    """Group equivalent values of an export and choose the canonical value of each group.

    The canonical value is the convention's if the group has it, else the most frequent value that is already
    normalised, else the most frequent one, normalised. Frequency is counted in sessions, or in rows without sessions.

    Raises:
        ClicktrailError: more than `MAX_VALUES` different values.
    """
    swapped = _SwappedValues(convention)
    all_rows = [swapped.merge(row) for row in rows]
    counts: dict[str, dict[str, _ValueCount]] = defaultdict(lambda: defaultdict(_ValueCount))
    for row in all_rows:
        for parameter, value in row.utm_values.items():
            counts[parameter][value].add(_ValueCount(row.count, row.sessions))
    if sum(map(len, counts.values())) > MAX_VALUES:
        raise ClicktrailError(
            f"the export has more than {MAX_VALUES:,} different UTM values",
            hint="export fewer columns or a shorter period",
        )
    variants = {
        (variant.parameter, variant.value): variant
        for parameter in UTM_PARAMETERS
        for variant in _find_variants(parameter, counts.get(parameter, {}), convention)
    } | {
        (SOURCE_AND_MEDIUM, value): swapped.build_variant(value, count)
        for value, count in counts.get(SOURCE_AND_MEDIUM, {}).items()
    }
    inconsistent = [row for row in all_rows if any(item in variants for item in row.utm_values.items())]
    return UtmAudit(
        rows=sum(row.count for row in all_rows),
        sessions=sum(row.sessions for row in all_rows),
        inconsistent_rows=sum(row.count for row in inconsistent),
        inconsistent_sessions=sum(row.sessions for row in inconsistent),
        variants=tuple(
            sorted(
                variants.values(),
                key=lambda variant: (_ORDER.index(variant.parameter), variant.canonical, variant.value),
            )
        ),
    )


class _SwappedValues:
    """Finds sources and mediums of the convention that are in each other's place."""

    def __init__(self, convention: Convention) -> None:
        self._convention = convention
        self._canonical: dict[tuple[str, str], str] = {}
        self._canonical_of_merged: dict[str, str] = {}

    def merge(self, row: ExportRow) -> ExportRow:
        """Return a row with one value for both parameters if they are swapped, else the row itself."""
        source, medium = (row.utm_values.get(name, "") for name in _PARAMETERS_WITH_NOISE_WORDS)
        if not source or not medium:
            return row
        if (source, medium) not in self._canonical:
            self._canonical[source, medium] = self._correct(source, medium)
        if not (canonical := self._canonical[source, medium]):
            return row
        merged = f"{source} / {medium}"
        self._canonical_of_merged[merged] = canonical
        others = {name: value for name, value in row.utm_values.items() if name not in _PARAMETERS_WITH_NOISE_WORDS}
        return dataclasses.replace(row, utm_values={SOURCE_AND_MEDIUM: merged, **others})

    def build_variant(self, merged: str, count: _ValueCount) -> Variant:
        """The variant of a merged value."""
        return Variant(
            parameter=SOURCE_AND_MEDIUM,
            value=merged,
            canonical=self._canonical_of_merged[merged],
            reason=VariantReason.SWAPPED,
            rows=count.rows,
            sessions=count.sessions,
        )

    def _correct(self, source: str, medium: str) -> str:
        sources, mediums = [self._convention.source], self._convention.mediums
        if match_known_value(source, sources) or match_known_value(medium, mediums):
            return ""
        right_source, right_medium = match_known_value(medium, sources), match_known_value(source, mediums)
        return f"{right_source} / {right_medium}" if right_source and right_medium else ""


def _find_variants(parameter: str, counts: Mapping[str, _ValueCount], convention: Convention) -> Iterator[Variant]:
    known = _list_known_values(parameter, convention)
    groups: dict[str, dict[str, _ValueCount]] = defaultdict(dict)
    for value, count in counts.items():
        groups[_build_group_key(parameter, value)][value] = count
    folded_known = {_build_group_key(parameter, name): name for name in known}
    for key, corrected_key in _find_typos(
        {key: _sum_counts(group.values()) for key, group in groups.items()}, folded_known
    ).items():
        groups.setdefault(corrected_key, {}).update(groups.pop(key))
    for key, group in groups.items():
        canonical = folded_known.get(key) or _choose_canonical_value(parameter, group, convention)
        for value, count in group.items():
            if value != canonical:
                yield Variant(
                    parameter=parameter,
                    value=value,
                    canonical=canonical,
                    reason=_classify_variant(value, canonical),
                    rows=count.rows,
                    sessions=count.sessions,
                )


def _list_known_values(parameter: str, convention: Convention) -> Sequence[str]:
    if parameter == "utm_medium":
        return list(convention.mediums)
    return [convention.source] if parameter == "utm_source" else []


def _build_group_key(parameter: str, value: str) -> str:
    return fold_value(value, drop_noise_words=parameter in _PARAMETERS_WITH_NOISE_WORDS) or value


def _find_typos(counts: Mapping[str, _ValueCount], known: Mapping[str, str]) -> dict[str, str]:
    """Map folded values that are typos to their correction: the most frequent folded value one typo away.

    Two values that differ by one typo become equal after removing at most one character from each, so only values that
    share such a remainder are compared. Of many values, only the most frequent are compared.
    """
    ranked = sorted({*counts, *known}, key=lambda key: _rank_candidate(key, counts, known), reverse=True)
    neighbours: dict[str, list[str]] = defaultdict(list)
    compared_chars = 0
    corrections: dict[str, str] = {}
    for key in ranked:
        if len(key) > MAX_FOLDED_CHARS:  # of symbols only, which are not folded
            continue
        compared_chars += len(key)
        if compared_chars > _MAX_COMPARED_CHARS:
            break
        candidates: dict[str, None] = {}
        for remainder in {key, *(key[:index] + key[index + 1 :] for index in range(len(key)))}:
            similar = neighbours[remainder]
            candidates.update(dict.fromkeys(similar))
            if len(similar) < _MAX_SIMILAR_VALUES:
                similar.append(key)
        if key in counts and key not in known:
            typos = [other for other in candidates if _is_rare_typo(key, other, counts, known)]
            if typos:
                corrections[key] = max(typos, key=lambda other: _rank_candidate(other, counts, known))
    return {key: other for key, other in corrections.items() if other not in corrections}


def _is_rare_typo(key: str, other: str, counts: Mapping[str, _ValueCount], known: Mapping[str, str]) -> bool:
    if other in known:
        return is_typo(key, other)
    rare, frequent = counts[key], counts[other]
    if rare.sessions or frequent.sessions:
        is_rare = rare.sessions * _TYPO_FREQUENCY_RATIO < frequent.sessions
    else:
        is_rare = rare.rows * _TYPO_FREQUENCY_RATIO < frequent.rows
    return is_rare and is_typo(key, other)


def _rank_candidate(
    key: str, counts: Mapping[str, _ValueCount], known: Mapping[str, str]
) -> tuple[bool, tuple[int, int], str]:
    return key in known, counts[key].weight if key in counts else (0, 0), key


def _sum_counts(counts: Iterable[_ValueCount]) -> _ValueCount:
    total = _ValueCount()
    for count in counts:
        total.add(count)
    return total


def _choose_canonical_value(parameter: str, group: Mapping[str, _ValueCount], convention: Convention) -> str:
    ranked = sorted(group, key=lambda value: (group[value].weight, value), reverse=True)
    spellings = {value: _normalize_without_medium(parameter, value, convention) for value in ranked}
    return next((value for value in ranked if spellings[value] == value), spellings[ranked[0]])


def _normalize_without_medium(parameter: str, value: str, convention: Convention) -> str:
    # An export does not relate campaigns to mediums, so a campaign may match the pattern of any medium.
    if parameter != "utm_campaign":
        return normalize_value(parameter, value, convention, medium="")
    candidates = [normalize_value(parameter, value, convention, medium=medium) for medium in convention.mediums or [""]]
    return value if value in candidates else candidates[0]


def _classify_variant(value: str, canonical: str) -> VariantReason:
    if fold_value(value) == fold_value(canonical):
        return VariantReason.SPELLING
    return (
        VariantReason.SYNONYM
        if fold_value(value, drop_noise_words=True) == fold_value(canonical, drop_noise_words=True)
        else VariantReason.TYPO
    )
