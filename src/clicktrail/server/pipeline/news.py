"""What a batch makes of a message, against what was known of it before."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.ports import JudgedMessage

__all__ = ["Known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message before a batch.

    Attributes:
        timeline: what had been told of it.
        judged: its clicks as they were judged, by id; empty where the message was not at hand.
        verdicts: those that stand, by click id. Other messages' may be among them.
    """

    timeline: Timeline
    judged: Mapping[str, JudgedClick] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict]

    @classmethod
    def at_hand(cls, message: JudgedMessage) -> "Known":
        """A message that was judged lately."""
        judged = {of.click.id: of for of in message.clicks}
        return cls(timeline=message.timeline, judged=judged, verdicts={name: of.verdict for name, of in judged.items()})

    def news(self, message: JudgedMessage, told: Container[str]) -> JudgedMessage:
        """The message with those verdicts alone that analytics may not have, and the ones that stood until now.

        Of an old click only the network is kept, and so the verdict stands that was given when more was known.

        Args:
            message: as it is judged now.
            told: clicks of the batch, by id.
        """
        stored = self.judged if self.timeline.campaign == message.timeline.campaign else {}
        news = [
            judged
            for judged in message.clicks
            if judged != stored.get(judged.click.id) and ("/" not in judged.click.ip or judged.click.id in told)
        ]
        before = {name: verdict for judged in news if (verdict := self.verdicts.get(name := judged.click.id))}
        return JudgedMessage(timeline=message.timeline, clicks=tuple(news), before=before)
