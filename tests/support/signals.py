"""Evaluate one signal with the thresholds of the shipped rules."""

from collections.abc import Iterable, Mapping

from clicktrail.judge.evidence import AddressClick, MessageEvidence
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnyEvent
from tests.support.events import CONTEXT, timeline

RULES_BY_NAME = {rule.name: rule for rule in CONTEXT.rules.rules}


def evaluate_signal(signal: str, *events: AnyEvent, address_clicks: Iterable[AddressClick] = ()) -> Mapping[str, str]:
    """Return the ids of the clicks that a signal matches, with the details."""
    return SIGNALS[signal](
        MessageEvidence.from_timeline(timeline(*events), CONTEXT, address_clicks), **RULES_BY_NAME[signal].thresholds
    )
