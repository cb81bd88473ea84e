"""How long `clicktrail audit` takes for a log of events, and how much memory.

``python -m bench.audit [--events N]``: of the messages two in five are clicked by a person, one in five by a scanner on
all eight links; every click has a URL of its own, and the events of a message lie far apart.
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
    """Messages without end."""
    for number in count():
        name, campaign = f"m{number}", f"campaign-{number % 40}"
        recipient = f"person-{number}@org-{number % 5_000}.example"
        at = FIRST_SENT_AT + timedelta(seconds=number / 10)
        arrived_at = at + timedelta(seconds=3)
        yield Sent(id=f"s{number}", at=at, campaign=campaign, message_id=name, recipient=recipient, links=LINK_COUNT)
        yield Delivered(id=f"d{number}", at=arrived_at, campaign=campaign, message_id=name, recipient=recipient)
        clicks = (0, 0, 1, 2, LINK_COUNT)[number % 5]
        scanned = clicks == LINK_COUNT
        for link in range(clicks):
            yield Click(
                id=f"c{number}-{link}",
                at=at + timedelta(seconds=40 + link / 10 if scanned else 3_600 + 20 * link),
                campaign=campaign,
                message_id=name,
                recipient=recipient,
                link=link,
                url=f"https://shop.example/products/{link}?utm_source=email&person={number}",
                ip=f"40.94.16.{number % 250}" if scanned else f"198.51.100.{number % 250}",
                user_agent=USER_AGENT,
                headers=HEADERS,
                https=True,
            )


def main() -> None:
    """Write the log, have it audited, and say what that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    wanted: int = parser.parse_args().events
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        with log.open("wb") as file:
            for first in range(PASS_COUNT):  # a message's events lie far apart, and none of them in our own memory
                file.writelines(
                    encode_event(event) + b"\n" for event in islice(generate_events(), first, wanted, PASS_COUNT)
                )
        began = time.perf_counter()
        with (Path(folder) / "audit.json").open("wb") as output:
            subprocess.run([sys.executable, "-m", "clicktrail", "audit", "--json", log], stdout=output, check=True)
        took_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000
    print(f"{wanted:,} events: {took_s:.0f} s, {peak_mb:.0f} MB at most")


if __name__ == "__main__":
    main()
