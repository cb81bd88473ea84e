"""How long reports take on many clicks, and how much memory.

``python -m bench.analytics [--clicks N] [--folder FOLDER]``: loads clicks that SQL makes up into a temporary folder,
through the product's own tables, and asks the product's own queries. 300 campaigns share the clicks of 30 days, the
largest has 9 % of them; a message has three clicks, a fifth of the messages were clicked by scanners alone, and one in
400 clicks was judged again later.
"""

import argparse
import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from clicktrail.model.event import Sent, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.server.analytics.connection import ChdbPool, migrate
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.ports import JudgedMessage
from clicktrail.server.system import SystemClock

CLICKS_PER_CHUNK: Final = 500_000
CLICKS_PER_MESSAGE: Final = 3
LARGEST_CAMPAIGN: Final = "campaign-1"
MERGE_TIMEOUT_S: Final = 300
ROUNDS: Final = 5

# A message's number m and a click's n tell everything; x draws a campaign so that each is less frequent than the last.
_INSERT_CLICKS: Final = """
INSERT INTO clicks
    (campaign, hour, id, message_id, at, person, link, url, method, ip, user_agent, verdict, score, counted, signals,
     points, details, rules, version, is_deleted)
SELECT
    concat('campaign-', toString(toUInt32(pow(1 + x * (pow(301, 0.1) - 1), 10)))),
    intDiv(toUnixTimestamp(moment), 3600),
    lower(concat(hex(cityHash64(n, 1)), hex(toUInt32(n)))),
    concat('m', toString(m)),
    moment,
    concat('person-', toString(m % 5000000), '@example.com'),
    link,
    concat('https://shop.example/products/', toString(link), '?utm_source=newsletter&utm_medium=email'),
    'GET',
    IPv4NumToString(toUInt32(cityHash64(m, 3))),
    concat('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/',
           toString(100 + m % 50), '.0.0.0 Safari/537.36'),
    multiIf(m % 5 = 0, 'bot', cityHash64(n, 4) % 20 = 0, 'suspected', 'human'),
    if(m % 5 = 0, 8, 0),
    n % 20 != 7,
    if(m % 5 = 0, ['burst', 'datacentre'], []),
    if(m % 5 = 0, [5, 3], []),
    if(m % 5 = 0, ['7 links in 0.6 s', 'AS64500'], []),
    '2026-11-24/2026-11-24/2026-11-24',
    1,
    0
FROM
(
    SELECT
        number                                 AS n,
        intDiv(number, {clicks_a_message})     AS m,
        cityHash64(m, 5) / 18446744073709551616 AS x,
        number % 8                             AS link,
        toDateTime64('2026-11-01 00:00:00', 3, 'UTC') + number * (2592000 / {all}) AS moment
    FROM numbers({first}, {count})
)
"""
_INSERT_MESSAGES: Final = """
INSERT INTO messages (campaign, message_id, sent_at, recipients, links, delivered, bounced, version, is_deleted)
SELECT campaign, message_id, min(at) - 60, 1, 8, true, false, 1, 0
FROM clicks WHERE at >= toDateTime64('2026-11-01 00:00:00', 3, 'UTC') + {first} * (2592000 / {all}) AND version = 1
GROUP BY campaign, message_id
"""
_INSERT_REJUDGED: Final = """
INSERT INTO clicks SELECT * REPLACE ('bot' AS verdict, 2 AS version) FROM clicks WHERE cityHash64(id) % 400 = 0
"""
_INVALIDATE_REPORTS: Final = """
INSERT INTO campaign_changes SELECT DISTINCT campaign, 1 AS version FROM messages
"""


def load_clicks(folder: Path, clicks: int) -> None:
    """Fill the tables, in a process of its own: its memory is not that of the one that reads."""
    asyncio.run(_insert_clicks(folder, clicks))


async def _insert_clicks(folder: Path, clicks: int) -> None:
    connections = ChdbPool(folder)
    await migrate(connections)
    for first in range(0, clicks, CLICKS_PER_CHUNK):
        facts = {"first": first, "count": min(CLICKS_PER_CHUNK, clicks - first), "all": clicks}
        await connections.execute(_INSERT_CLICKS.format(clicks_a_message=CLICKS_PER_MESSAGE, **facts))
        await connections.execute(_INSERT_MESSAGES.format(**facts))
    await connections.execute(_INSERT_REJUDGED)
    await connections.execute(_INVALIDATE_REPORTS)
    for _ in range(MERGE_TIMEOUT_S):  # a store that grew over weeks has merged what it could
        if not await connections.execute("SELECT 1 FROM system.merges LIMIT 1"):
            break
        await asyncio.sleep(1)
    await connections.close()


async def measure_queries(folder: Path) -> None:
    """Ask for reports: as they are kept, as they are counted, and as they are shown until they are counted."""
    analytics = await ChdbAnalytics.open(folder, SystemClock())
    try:
        await _print_timing(
            "largest campaign, counted for the first time", lambda: analytics.campaign(LARGEST_CAMPAIGN), rounds=1
        )
        await _print_timing("largest campaign", lambda: analytics.campaign(LARGEST_CAMPAIGN))
        await _print_timing(
            "largest campaign, after each change",
            lambda: analytics.campaign(LARGEST_CAMPAIGN),
            before=lambda: _add_message(analytics),
        )
        await _print_timing(
            "largest campaign, as it is shown meanwhile",
            lambda: analytics.cached_campaign(LARGEST_CAMPAIGN),
            before=lambda: _add_message(analytics),
        )
        await _print_timing("all campaigns, counted for the first time", analytics.campaigns, rounds=1)
        await _print_timing("all campaigns", analytics.campaigns)
        await _print_timing(
            "all campaigns, after each change of the largest",
            analytics.campaigns,
            before=lambda: _add_message(analytics),
        )
        await _print_timing(
            "all campaigns, as they are shown meanwhile",
            analytics.cached_campaigns,
            before=lambda: _add_message(analytics),
        )
        people = count(1, 1_000)
        await _print_timing("one recipient", lambda: analytics.recipient_clicks(f"Person-{next(people)}@example.com"))
        reports = await analytics.campaigns()
        largest = next(report for report in reports if report.campaign == LARGEST_CAMPAIGN)
        counted = sum(report.clicks.total for report in reports)
        print(f"{len(reports)} campaigns, {counted:,} counted clicks, {largest.clicks.total / counted:.1%} the largest")
    finally:
        await analytics.close()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000:,.0f} MB of memory at most")


async def _print_timing(
    label: str,
    query: Callable[[], Awaitable[object]],
    *,
    before: Callable[[], Awaitable[None]] | None = None,
    rounds: int = ROUNDS,
) -> None:
    took: list[tuple[float, float]] = []
    for _ in range(rounds):
        if before:
            await before()
        began, busy = time.perf_counter(), time.process_time()
        await query()
        took.append(((time.perf_counter() - began) * 1_000, (time.process_time() - busy) * 1_000))
    took_ms, busy_ms = sorted(took)[len(took) // 2]
    print(f"{label}: {took_ms:,.0f} ms, {busy_ms:,.0f} ms of processor time", flush=True)


async def _add_message(analytics: ChdbAnalytics) -> None:
    """One more message of the largest campaign."""
    name = f"added-{time.monotonic_ns()}"
    sent = Sent(id=name, at=SystemClock().now(), campaign=LARGEST_CAMPAIGN, message_id=name)
    await analytics.store([encode_event(sent)], [JudgedMessage(timeline=Timeline.from_events(name, [sent]), clicks=())])


def main() -> None:
    """Load, measure, and delete what was loaded."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=5_000_000)
    parser.add_argument("--folder", help="where the temporary folder is made: some 60 bytes a click, on a disk")
    wanted = parser.parse_args()
    with TemporaryDirectory(dir=wanted.folder) as temporary:
        folder = Path(temporary) / "analytics"
        began = time.perf_counter()
        loading = multiprocessing.get_context("spawn").Process(target=load_clicks, args=(folder, wanted.clicks))
        loading.start()
        loading.join()
        if loading.exitcode:
            raise SystemExit(loading.exitcode)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(f"{wanted.clicks:,} clicks loaded in {time.perf_counter() - began:.0f} s, {size / 1e6:,.0f} MB on disk")
        asyncio.run(measure_queries(folder))


if __name__ == "__main__":
    main()
