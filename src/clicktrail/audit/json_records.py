"""Find the records in a JSON object: rows like those of a table, inside any wrapping.

APIs wrap their records in pages (``items``, ``data``), webhooks in envelopes (``event-data``), and brokers in text
(SNS). An object that no format describes is taken for such a wrapping: its parts are searched, and its own fields
belong to each of them. Nested fields have the names of the columns of a flattened table: ``client-info.bot`` is
``client_info_bot``.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from clicktrail.audit.export_formats import (
    ExportFormat,
    detect_export_format,
    iterate_identifying_columns,
    normalise_column_name,
)

_MAX_DEPTH: Final = 10
"""SES in EventBridge in SNS in SQS has seven levels around a record."""
_MAX_FIELD_DEPTH: Final = 6

Record = Mapping[str, object]
"""Values by normalised column name; for JSON, a list of scalars is one value."""
_Included = Mapping[tuple[object, object], Mapping[str, Any]]
_NOTHING_INCLUDED: Final[_Included] = {}


class RecordFinder:
    """Finds the records of some formats."""

    def __init__(self, formats: Sequence[ExportFormat]) -> None:
        self._formats = formats
        self._identifying_columns = frozenset(iterate_identifying_columns(formats))

    def find(self, value: object) -> Iterator[tuple[ExportFormat, Record]]:
        """Yield the records in decoded JSON, each with the format that describes it."""
        yield from self._search(value, (), {}, 0)

    def _search(
        self, value: object, parents: tuple[dict[str, object], ...], included: _Included, depth: int
    ) -> Iterator[tuple[ExportFormat, Record]]:
        if depth > _MAX_DEPTH:
            return
        if isinstance(value, list):
            for item in value:
                yield from self._search(item, parents, included, depth)
        elif isinstance(value, str):
            if (decoded := _decode_text(value)) is not None:
                yield from self._search(decoded, parents, included, depth + 1)
        elif isinstance(value, dict):
            included = _index_included(value) or included
            fields = flatten(value, included)
            record: Record = ChainMap(fields, *parents) if parents else fields
            if format_ := self._detect_format(fields, record):
                yield format_, record
                return
            for child in value.values():
                if isinstance(child, dict | list | str):
                    yield from self._search(child, (fields, *parents), included, depth + 1)

    def _detect_format(self, fields: Mapping[str, object], record: Record) -> ExportFormat | None:
        # The fields of the parents alone identify none: then they would be the record.
        if self._identifying_columns.isdisjoint(fields):
            return None
        return detect_export_format(record, self._formats)


def _decode_text(text: str) -> object:
    """Decode JSON in a string, as SNS and SQS send it; None if it is no JSON object or array."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _index_included(value: Mapping[str, Any]) -> _Included:
    """Attributes by type and ID of the resources beside the records (JSON:API, "Compound Documents")."""
    resources = value.get("included")
    if not isinstance(resources, list):
        return {}
    return {
        (resource.get("type"), resource.get("id")): resource["attributes"]
        for resource in resources
        if isinstance(resource, dict) and isinstance(resource.get("attributes"), dict) and _has_hashable_id(resource)
    }


def _has_hashable_id(resource: Mapping[str, Any]) -> bool:
    return isinstance(resource.get("type"), str) and isinstance(resource.get("id"), str)


def flatten(value: Mapping[str, Any], included: _Included = _NOTHING_INCLUDED) -> dict[str, object]:
    """Flatten nested objects to one mapping by normalised column name. Of objects in a list, the first one counts."""
    fields: dict[str, object] = {}
    _add_fields(fields, "", value, 0)
    relationships = value.get("relationships")
    if included and isinstance(relationships, dict):
        for name, relationship in relationships.items():
            reference = relationship.get("data") if isinstance(relationship, dict) else None
            if isinstance(reference, dict) and _has_hashable_id(reference):
                attributes = included.get((reference["type"], reference["id"]), {})
                _add_fields(fields, f"relationships_{normalise_column_name(name)}_", attributes, 1)
    return fields


def _add_fields(fields: dict[str, object], prefix: str, value: Mapping[str, Any], depth: int) -> None:
    for key, item in value.items():
        name = prefix + normalise_column_name(key)
        first = item[0] if isinstance(item, list) and item else item
        if isinstance(first, dict):
            if depth < _MAX_FIELD_DEPTH:
                _add_fields(fields, f"{name}_", first, depth + 1)
        elif not isinstance(first, list) and fields.get(name) in {None, ""}:
            fields[name] = item
