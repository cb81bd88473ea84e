"""Measure the time and memory of reports on many clicks.

``./dev bench analytics [--clicks N] [--folder FOLDER]``. SQL generates clicks in the product's tables, in a temporary
folder, and the product's own queries are measured. The clicks of 30 days belong to 300 campaigns, the largest with 9 %
of them. A message has three clicks, a fifth of the messages only scanners' clicks, and one in 400 clicks was rejudged.
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
from clicktrail.server.ports import JudgedMessage, RecordedEvent
from clicktrail.server.system import SystemClock

CLICKS_PER_CHUNK: Final = 500_000
CLICKS_PER_MESSAGE: Final = 3
LARGEST_CAMPAIGN: Final = "campaign-1"
MERGE_TIMEOUT_S: Final = 300
ROUNDS: Final = 5

# All columns are derived from the click's number n and the message's number m. x selects the campaign: later campaigns
# are less frequent.
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
        intDiv(number, {clicks_per_message})     AS m,
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
    """Fill the tables. Runs in its own process, so that its memory is not measured."""
    asyncio.run(_insert_clicks(folder, clicks))


async def _insert_clicks(folder: Path, clicks: int) -> None:
    pool = ChdbPool(folder)
    await migrate(pool)
    for first in range(0, clicks, CLICKS_PER_CHUNK):
        parameters = {"first": first, "count": min(CLICKS_PER_CHUNK, clicks - first), "all": clicks}
        await pool.execute(_INSERT_CLICKS.format(clicks_per_message=CLICKS_PER_MESSAGE, **parameters))
        await pool.execute(_INSERT_MESSAGES.format(**parameters))
    await pool.execute(_INSERT_REJUDGED)
    await pool.execute(_INVALIDATE_REPORTS)
    for _ in range(MERGE_TIMEOUT_S):  # in a store that grew over weeks, all parts are merged
        if not await pool.execute("SELECT 1 FROM system.merges LIMIT 1"):
            break
        await asyncio.sleep(1)
    await pool.close()


async def measure_queries(folder: Path) -> None:
    """Measure cached reports, reports counted after a change, and outdated reports shown until they are counted."""
    analytics = await ChdbAnalytics.open(folder, SystemClock())
    try:
        await _print_timing("largest campaign, first count", lambda: analytics.campaign(LARGEST_CAMPAIGN), rounds=1)
        await _print_timing("largest campaign, cached", lambda: analytics.campaign(LARGEST_CAMPAIGN))
        await _print_timing(
            "largest campaign, after a change",
            lambda: analytics.campaign(LARGEST_CAMPAIGN),
            before=lambda: _add_message(analytics),
        )
        await _print_timing(
            "largest campaign, outdated report",
            lambda: analytics.cached_campaign(LARGEST_CAMPAIGN),
            before=lambda: _add_message(analytics),
        )
        await _print_timing("all campaigns, first count", analytics.campaigns, rounds=1)
        await _print_timing("all campaigns, cached", analytics.campaigns)
        await _print_timing(
            "all campaigns, after a change of the largest",
            analytics.campaigns,
            before=lambda: _add_message(analytics),
        )
        await _print_timing(
            "all campaigns, outdated reports",
            analytics.cached_campaigns,
            before=lambda: _add_message(analytics),
        )
        numbers = count(1, 1_000)
        await _print_timing(
            "clicks of one recipient", lambda: analytics.recipient_clicks(f"Person-{next(numbers)}@example.com")
        )
        reports = await analytics.campaigns()
        largest = next(report for report in reports if report.campaign == LARGEST_CAMPAIGN)
        total = sum(report.clicks.total for report in reports)
        print(f"{len(reports)} campaigns, {total:,} counted clicks, {largest.clicks.total / total:.1%} in the largest")
    finally:
        await analytics.close()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000:,.0f} MB of memory at peak")


async def _print_timing(
    label: str,
    query: Callable[[], Awaitable[object]],
    *,
    before: Callable[[], Awaitable[None]] | None = None,
    rounds: int = ROUNDS,
) -> None:
    timings: list[tuple[float, float]] = []
    for _ in range(rounds):
        if before:
            await before()
        started, cpu_started = time.perf_counter(), time.process_time()
        await query()
        timings.append(((time.perf_counter() - started) * 1_000, (time.process_time() - cpu_started) * 1_000))
    elapsed_ms, cpu_ms = sorted(timings)[len(timings) // 2]
    print(f"{label}: {elapsed_ms:,.0f} ms, {cpu_ms:,.0f} ms of processor time", flush=True)


async def _add_message(analytics: ChdbAnalytics) -> None:
    """Store another message of the largest campaign."""
    message_id = f"added-{time.monotonic_ns()}"
    sent = Sent(id=message_id, at=SystemClock().now(), campaign=LARGEST_CAMPAIGN, message_id=message_id)
    await analytics.store(
        [RecordedEvent(encode_event(sent), sent)],
        [JudgedMessage(timeline=Timeline.from_events(message_id, [sent]), clicks=())],
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=5_000_000)
    parser.add_argument("--folder", help="parent of the temporary folder, on a disk")
    options = parser.parse_args()
    with TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary) / "analytics"
        started = time.perf_counter()
        loading = multiprocessing.get_context("spawn").Process(target=load_clicks, args=(folder, options.clicks))
        loading.start()
        loading.join()
        if loading.exitcode:
            raise SystemExit(loading.exitcode)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(
            f"{options.clicks:,} clicks loaded in {time.perf_counter() - started:.0f} s, {size / 1e6:,.0f} MB on disk"
        )
        asyncio.run(measure_queries(folder))


if __name__ == "__main__":
    main()
