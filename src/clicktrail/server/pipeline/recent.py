"""The messages that were judged last: a message's clicks come in bursts, and most are never heard of again."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from clicktrail.server.ports import JudgedMessage

__all__ = ["RecentMessages"]


class RecentMessages:
    """Messages at hand, the latest of them.

    Args:
        size: how many to keep.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_message: OrderedDict[str, JudgedMessage] = OrderedDict()

    def of(self, message_ids: Iterable[str]) -> dict[str, JudgedMessage]:
        """Those of these messages that are at hand, by id."""
        return {name: self._by_message[name] for name in message_ids if name in self._by_message}

    def keep(self, messages: Iterable[JudgedMessage]) -> None:
        """Have messages at hand as they are judged now, and let go what is too much."""
        for message in messages:
            self._by_message[message.timeline.message_id] = message
            self._by_message.move_to_end(message.timeline.message_id)
        while len(self._by_message) > self._size:
            self._by_message.popitem(last=False)

    def forget_old(self, *, before: datetime) -> None:
        """Let go the messages with a click of before a time."""
        for name, message in tuple(self._by_message.items()):
            if any(judged.click.at < before for judged in message.clicks):
                del self._by_message[name]
