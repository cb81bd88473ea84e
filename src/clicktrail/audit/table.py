"""Read events from a table: the CSV export of an ESP, or any other whose columns are named."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from clicktrail.audit.exports import Export, column_name, recognise
from clicktrail.audit.fields import event_of
from clicktrail.errors import ClicktrailError, EventError
from clicktrail.model.event import AnyEvent

__all__ = ["read_table"]


def read_table(
    lines: Iterable[bytes], exports: Sequence[Export], *, complain: Callable[[int, EventError], None]
) -> Iterator[AnyEvent]:
    """The events of a table with a header; columns are divided by comma, semicolon or tab.

    Raises:
        ClicktrailError: it is of no kind among ``exports``.
    """
    texts = (line.decode("utf-8", errors="replace") for line in lines)
    header = next((text for text in texts if text.strip()), "").removeprefix("\ufeff")
    if not header:
        return
    separator = max(",;\t", key=header.count)
    columns = [column_name(heading.strip('" \r\n')) for heading in header.split(separator)]
    export = recognise(columns, exports)
    if export is None:
        raise ClicktrailError(
            "it is neither a log of events nor an export that is known by its header",
            hint="name its columns, such as --columns at=Time,recipient=Email,url=Link",
        )
    rows = csv.reader(texts, delimiter=separator)
    while True:
        try:
            cells = next(rows, None)
            if cells is None:
                return
            if any(cells):
                yield _event(dict(zip(columns, cells, strict=False)), export)
        except EventError as error:
            complain(rows.line_num + 1, error)
        except csv.Error as error:
            complain(rows.line_num + 1, EventError(f"not an event: {error}"))


def _event(row: Mapping[str, str], export: Export) -> AnyEvent:
    """A row's event. A message to several recipients is one for each: ESPs give them all the same id."""
    fields: dict[str, object] = {
        field: next((row[name] for name in names if row.get(name)), "") for field, names in export.columns.items()
    }
    told = " ".join(row[name] for name in export.columns.get("type", ()) if row.get(name)) or "click"
    kind = export.types.get(told.lower()) or export.types.get(column_name(told))
    if kind is None:
        raise EventError(f"not an event: '{told}' is none that we know")
    message = (fields.get("message_id") or fields.get("campaign"), fields.get("recipient"))
    own = {"esp": export.name} if kind not in {"sent", "engagement"} else {}
    return event_of(
        {
            **fields,
            **own,
            "type": kind,
            "source": export.name,
            "message_id": " ".join(str(part) for part in message if part),
        }
    )
