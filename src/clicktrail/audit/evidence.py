"""Say what the sources of clicks could not tell, beside the numbers that rest on it."""

from collections import Counter

from clicktrail.model.event import AnyEvent, Click

__all__ = ["Evidence"]

_FIRST_CLICKS_ONLY = "postmark"
"""Postmark, Click webhook: it fires for the first click of a recipient on a link, and for no other."""


class Evidence:
    """Counts, by who told of clicks, what they told."""

    def __init__(self) -> None:
        self._clicks: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._agents: Counter[str] = Counter()

    def see(self, event: AnyEvent) -> None:
        """Look at one event."""
        if isinstance(event, Click):
            teller = event.esp or event.source
            self._clicks[teller] += 1
            self._addresses[teller] += bool(event.ip)
            self._agents[teller] += bool(event.user_agent)

    def gaps(self) -> list[str]:
        """What is missing, a sentence each."""
        return [gap for teller in sorted(self._clicks) for gap in self._gaps(teller)]

    def _gaps(self, teller: str) -> list[str]:
        gaps = []
        if not self._addresses[teller]:
            gaps.append(f"{teller} told no addresses: no click could be known by its network")
        if not self._agents[teller]:
            gaps.append(f"{teller} told no User-Agents: no program could be known by its name")
        if teller == _FIRST_CLICKS_ONLY:
            gaps.append(f"{teller} tells only a recipient's first click on a link: a person after a scanner is missing")
        return gaps
