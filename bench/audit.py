"""How long `clicktrail audit` takes for a log of events, and how much memory.

``python -m bench.audit [--events N]``: messages to two recipients in five are clicked once or twice, to one in five by a
scanner on all eight links; every click has a URL of its own, and events come in no order.
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
from zlib import crc32

from clicktrail.model.event import AnyEvent, Click, Delivered, Sent, encode

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
HEADERS = {"accept-language": "en-US,en;q=0.9", "sec-fetch-mode": "navigate"}


def events() -> Iterator[AnyEvent]:
    """Messages without end."""
    for number in count():
        at = BEGIN + timedelta(seconds=number / 10)
        message = {
            "campaign": f"campaign-{number % 40}",
            "message_id": f"m{number}",
            "recipient": f"person-{number}@org-{number % 5_000}.example",
        }
        yield Sent(id=f"s{number}", at=at, links=8, **message)
        yield Delivered(id=f"d{number}", at=at + timedelta(seconds=3), **message)
        links = (0, 0, 1, 2, 8)[number % 5]
        for link in range(links):
            after_s = 40 + link / 10 if links == 8 else 3_600 + 20 * link
            yield Click(
                id=f"c{number}-{link}",
                at=at + timedelta(seconds=after_s),
                link=link,
                url=f"https://shop.example/products/{link}?utm_source=email&person={number}",
                ip=f"40.94.16.{number % 250}" if links == 8 else f"198.51.100.{number % 250}",
                user_agent=AGENT,
                headers=HEADERS,
                https=True,
                **message,
            )


def main() -> None:
    """Write the log, have it audited, and say what that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    wanted: int = parser.parse_args().events
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        lines = [encode(event) for event in islice(events(), wanted)]
        lines.sort(key=crc32)
        log.write_bytes(b"\n".join(lines))
        del lines
        began = time.perf_counter()
        with (Path(folder) / "audit.json").open("wb") as output:
            subprocess.run([sys.executable, "-m", "clicktrail", "audit", "--json", log], stdout=output, check=True)
        took_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000
    print(f"{wanted:,} events: {took_s:.0f} s, {peak_mb:.0f} MB at most")


if __name__ == "__main__":
    main()
