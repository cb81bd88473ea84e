"""Ask one signal, with the thresholds of the rules that we ship."""

from collections.abc import Iterable, Mapping

from clicktrail.judge.address_activity import Visit
from clicktrail.judge.evidence import Case
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnyEvent
from tests.support.events import CONTEXT, timeline

RULES = {rule.name: rule for rule in CONTEXT.rules.rules}


def spoken(signal: str, *events: AnyEvent, nearby: Iterable[Visit] = ()) -> Mapping[str, str]:
    """What a signal says of the clicks among these events."""
    return SIGNALS[signal](Case.of(timeline(*events), CONTEXT, nearby), **RULES[signal].thresholds)
