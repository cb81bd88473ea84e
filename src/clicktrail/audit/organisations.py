"""Find the organisations that have a scanner in front of their mail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clicktrail.model.verdict import JudgedClick, Verdict

__all__ = ["Organisation", "Organisations"]

_NETWORKS = frozenset({"mail-security-network", "datacentre-network"})


@dataclass(slots=True, kw_only=True)
class Organisation:
    """The recipients at one domain.

    Attributes:
        domain: behind the ``@`` of their addresses.
        clicked: messages to them with a click of any verdict.
        scanned: those with a bot's.
        networks: from which networks bots came, by messages.
    """

    domain: str
    clicked: int = 0
    scanned: int = 0
    networks: Counter[str] = field(default_factory=Counter)


class Organisations:
    """Counts message by message; recipients who are no addresses belong to no organisation that we know."""

    def __init__(self) -> None:
        self._by_domain: dict[str, Organisation] = {}

    def add(self, clicks: Sequence[JudgedClick]) -> None:
        """Count the clicks of one message."""
        recipient = next((judged.click.recipient for judged in clicks if "@" in judged.click.recipient), "")
        if not recipient:
            return
        domain = recipient.rpartition("@")[2].lower()
        organisation = self._by_domain.setdefault(domain, Organisation(domain=domain))
        bots = [judged for judged in clicks if judged.verdict is Verdict.BOT]
        organisation.clicked += 1
        organisation.scanned += bool(bots)
        organisation.networks.update(
            {
                reason.detail.removeprefix("network ")
                for judged in bots
                for reason in judged.reasons
                if reason.signal in _NETWORKS
            }
        )

    def scanned(self) -> list[Organisation]:
        """Those whose messages bots clicked, the most scanned first."""
        found = (organisation for organisation in self._by_domain.values() if organisation.scanned)
        return sorted(found, key=lambda organisation: (-organisation.scanned, organisation.domain))
