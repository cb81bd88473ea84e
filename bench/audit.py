"""Measure the time and memory of ``clicktrail audit`` on a large event log.

``./dev bench audit [--events N]``. Two messages in five are clicked by a person, and one in five by a scanner on all
eight links. Every click has another URL, and the events of a message are far apart in the log.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from clicktrail.model.event import AnyEvent, Click, Delivered, Sent, encode_event

LINK_COUNT = 8
PASS_COUNT = 4
FIRST_SENT_AT = datetime(2026, 11, 1, tzinfo=UTC)
USER_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
HEADERS = {"accept-language": "en-US,en;q=0.9", "sec-fetch-mode": "navigate"}


def generate_events() -> Iterator[AnyEvent]:
    """Generate the events of one message after the other, without end."""
    for number in count():
        message_id, campaign = f"m{number}", f"campaign-{number % 40}"
        recipient = f"person-{number}@org-{number % 5_000}.example"
        sent_at = FIRST_SENT_AT + timedelta(seconds=number / 10)
        delivered_at = sent_at + timedelta(seconds=3)
        yield Sent(
            id=f"s{number}", at=sent_at, campaign=campaign, message_id=message_id, recipient=recipient, links=LINK_COUNT
        )
        yield Delivered(id=f"d{number}", at=delivered_at, campaign=campaign, message_id=message_id, recipient=recipient)
        click_count = (0, 0, 1, 2, LINK_COUNT)[number % 5]
        is_scan = click_count == LINK_COUNT
        for link in range(click_count):
            yield Click(
                id=f"c{number}-{link}",
                at=sent_at + timedelta(seconds=40 + link / 10 if is_scan else 3_600 + 20 * link),
                campaign=campaign,
                message_id=message_id,
                recipient=recipient,
                link=link,
                url=f"https://shop.example/products/{link}?utm_source=email&person={number}",
                ip=f"40.94.16.{number % 250}" if is_scan else f"198.51.100.{number % 250}",
                user_agent=USER_AGENT,
                headers=HEADERS,
                https=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    event_count: int = parser.parse_args().events
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        with log.open("wb") as file:
            for first in range(PASS_COUNT):  # separates the events of a message without holding them in memory
                file.writelines(
                    encode_event(event) + b"\n" for event in islice(generate_events(), first, event_count, PASS_COUNT)
                )
        started = time.perf_counter()
        with (Path(folder) / "audit.json").open("wb") as output:
            subprocess.run([sys.executable, "-m", "clicktrail", "audit", "--json", log], stdout=output, check=True)
        elapsed_s = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1_000
    print(f"{event_count:,} events: {elapsed_s:.0f} s, {processor_s:.0f} s of processor time, {peak_mb:.0f} MB at peak")


if __name__ == "__main__":
    main()
