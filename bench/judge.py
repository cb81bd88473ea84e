"""Measure how many clicks per second the judge handles on one core.

``./dev bench judge [--messages N]``. Two messages in three are clicked by a person, once or twice, and one in three by
a scanner on all eight links, whose IP address clicked on other messages at the same time.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from bench.audit import generate_events
from clicktrail.judge.evidence import AddressClick
from clicktrail.judge.shipped import build_shipped_judge
from clicktrail.model.event import AnyEvent
from clicktrail.model.timeline import Timeline

ROUNDS = 5
OTHER_MESSAGE_COUNT = 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    message_count: int = parser.parse_args().messages
    timelines = generate_timelines(message_count)
    clicks = sum(len(timeline.clicks) for timeline in timelines)
    judge = build_shipped_judge()
    cases = [partial(judge, timeline, address_clicks=make_nearby_clicks(timeline)) for timeline in timelines]
    seconds = min(measure_cpu_s(cases) for _ in range(ROUNDS))
    print(f"{message_count:,} messages, {clicks:,} clicks: {clicks / seconds:,.0f} clicks/s on one core")
    print(f"judge = {clicks / seconds:.0f}/s")


def generate_timelines(count: int) -> list[Timeline]:
    """Generate the timelines of messages with clicks."""
    events_by_message: dict[str, list[AnyEvent]] = {}
    for event in generate_events():
        events_by_message.setdefault(event.message_id, []).append(event)
        if len(events_by_message) > 2 * count:
            break
    timelines = (Timeline.from_events(message_id, events) for message_id, events in events_by_message.items())
    return list(islice((timeline for timeline in timelines if timeline.clicks), count))


def make_nearby_clicks(timeline: Timeline) -> list[AddressClick]:
    """Make a scanner's clicks on other messages; a person has none."""
    first = timeline.clicks[0]
    if not first.ip.startswith("40."):
        return []
    click = AddressClick.from_click(first)
    return [
        replace(click, message_id=f"other-{number}", recipient=f"p{number}@b.example")
        for number in range(OTHER_MESSAGE_COUNT)
    ]


def measure_cpu_s(cases: Sequence[Callable[[], object]]) -> float:
    started = time.process_time()
    for case in cases:
        case()
    return time.process_time() - started


if __name__ == "__main__":
    main()
