"""Ask one signal, with the thresholds of the rules that we ship."""

from collections.abc import Iterable, Mapping

from clicktrail.judge.address_activity import AddressClick
from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnyEvent
from tests.support.events import CONTEXT, timeline

RULES_BY_NAME = {rule.name: rule for rule in CONTEXT.rules.rules}


def evaluate_signal(signal: str, *events: AnyEvent, nearby: Iterable[AddressClick] = ()) -> Mapping[str, str]:
    """What a signal says of the clicks among these events."""
    return SIGNALS[signal](
        MessageEvidence.from_timeline(timeline(*events), CONTEXT, nearby), **RULES_BY_NAME[signal].thresholds
    )
