"""How many clicks a second one core judges.

``./dev bench judge [--messages N]``: of the messages with clicks two in three were clicked by a person, once or twice,
and one in three by a scanner, on all eight links. The scanner's addresses were on other messages at the same time.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from bench.audit import generate_events
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.timeline import Timeline

ROUNDS = 5
OTHER_MESSAGE_COUNT = 4


def main() -> None:
    """Judge the same messages several times and give the best of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    wanted: int = parser.parse_args().messages
    timelines = generate_timelines(wanted)
    clicks = sum(len(timeline.clicks) for timeline in timelines)
    judge = build_shipped_judge()
    cases = [partial(judge, timeline, address_clicks=make_nearby_clicks(timeline)) for timeline in timelines]
    seconds = min(measure_cpu_s(cases) for _ in range(ROUNDS))
    print(f"{wanted:,} messages, {clicks:,} clicks: {clicks / seconds:,.0f} clicks/s on a core")
    print(f"judge = {clicks / seconds:.0f}/s")


def generate_timelines(count: int) -> list[Timeline]:
    """Messages that somebody clicked."""
    told: dict[str, list[AnyEvent]] = {}
    for event in generate_events():
        told.setdefault(event.message_id, []).append(event)
        if len(told) > 2 * count:
            break
    clicked = [name for name, of_it in told.items() if any(isinstance(event, Click) for event in of_it)]
    return [Timeline.from_events(name, told[name]) for name in clicked[:count]]


def make_nearby_clicks(timeline: Timeline) -> list[AddressClick]:
    """What a scanner's address did on other messages; a person's did nothing."""
    first = timeline.clicks[0]
    if not first.ip.startswith("40."):
        return []
    here = AddressClick.from_click(first)
    return [
        replace(here, message_id=f"other-{number}", recipient=f"p{number}@b.example")
        for number in range(OTHER_MESSAGE_COUNT)
    ]


def measure_cpu_s(cases: Sequence[Callable[[], object]]) -> float:
    """Processor seconds for all of them."""
    begun = time.process_time()
    for case in cases:
        case()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
