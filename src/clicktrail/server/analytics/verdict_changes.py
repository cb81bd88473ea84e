"""What a change of a verdict looks like as a row."""

from collections.abc import Iterable, Iterator

import msgspec

from clicktrail.server.ports import JudgedMessage

__all__ = ["ChangeRow", "change_rows"]


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of ``verdict_changes``."""

    campaign: str
    click_id: str
    message_id: str
    person: str
    before: str
    after: str
    score: int
    signals: tuple[str, ...]
    rules: str
    version: int


def change_rows(messages: Iterable[JudgedMessage], *, version: int) -> Iterator[ChangeRow]:
    """Each click of which another verdict was known; the version tells when that changed."""
    for message in messages:
        for before, judged in message.changes:
            yield ChangeRow(
                campaign=message.timeline.campaign,
                click_id=judged.click.id,
                message_id=message.timeline.message_id,
                person=judged.click.recipient or message.timeline.message_id,
                before=before,
                after=judged.verdict,
                score=judged.score,
                signals=tuple(reason.signal for reason in judged.reasons),
                rules=judged.rules,
                version=version,
            )
