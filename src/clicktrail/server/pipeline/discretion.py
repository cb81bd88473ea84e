"""What may be recorded of a click by somebody whose browser asks not to be tracked: next to nothing.

Such a click is judged in memory by what its request alone tells: neither message nor recipient may be written down, and
so nothing of the message's other clicks is at hand.
"""

from collections.abc import Callable, Mapping

from clicktrail.model.event import AnonymousClick, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.server.ports import Ids

__all__ = ["Discretion", "asks_for_privacy"]


class Discretion:
    """Cuts clicks down.

    Args:
        judge: gives every click of a timeline its verdict.
        ids: of anonymous clicks alone: ids that other events share would tell between which of them a click was.
    """

    def __init__(self, *, judge: Callable[[Timeline], tuple[JudgedClick, ...]], ids: Ids) -> None:
        self._judge = judge
        self._ids = ids

    def kept(self, click: Click) -> AnonymousClick | None:
        """What may be recorded of a click; None where it is no click in the sense of reports."""
        if click.unresolved:
            return None
        (judged,) = self._judge(Timeline(message_id="", events=(click,)))
        if not judged.counted:
            return None
        return AnonymousClick(
            id=self._ids.new(),
            at=click.at.replace(minute=0, second=0, microsecond=0),
            campaign=click.campaign,
            link=click.link,
            url="" if click.group else click.url,
            group=click.group,
            verdict=judged.verdict,
        )


def asks_for_privacy(headers: Mapping[str, str]) -> bool:
    """Whether a browser sends Global Privacy Control or Do Not Track."""
    return headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"
