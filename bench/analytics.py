"""Measure the time and memory of reports on many clicks.

``./dev bench analytics [--clicks N] [--folder FOLDER]``. SQL generates clicks in the product's tables, in a temporary
folder, and the product opens it, counts it and answers over HTTP. The clicks of 30 days belong to 300 campaigns, the
largest with 9 % of them. A message has three clicks, a fifth of the messages only scanners' clicks, and one in 400
clicks was rejudged. Before each report is read, clicks of the largest campaign are stored, a third of them of people
who had clicked before, and the report must contain them.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import resource
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx2

from clicktrail.judge.shipped import load_shipped_context
from clicktrail.model.event import Click, encode_event
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.server.analytics.connection import ChdbPool, migrate
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.asgi import serve_app
from clicktrail.server.console import create_app
from clicktrail.server.console.feed import ClickFeed
from clicktrail.server.pipeline.rejudge import RejudgeRequest, RejudgeResult
from clicktrail.server.ports import JudgedMessage, RecordedEvent
from clicktrail.server.system import SystemClock

CLICKS_PER_CHUNK: Final = 500_000
CLICKS_PER_MESSAGE: Final = 3
CLICKS_PER_STORE: Final = 500
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
_INSERT_CLICKS_BY_PERSON: Final = """
INSERT INTO clicks_by_person
    (person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip, has_user_agent, verdict,
     counted, signals, version, is_deleted)
SELECT
    person, campaign, hour, id, message_id, at, link, url, link_group, source, has_ip,
    user_agent != '' AS has_user_agent, verdict, counted, signals, version, is_deleted
FROM clicks
"""
_MARK_UNCOUNTED: Final = """
INSERT INTO campaign_counts (kind, campaign, begun) SELECT DISTINCT 'campaign', campaign, 1 FROM messages
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
    await pool.execute(_INSERT_CLICKS_BY_PERSON)
    await pool.execute(_MARK_UNCOUNTED)
    for _ in range(MERGE_TIMEOUT_S):  # in a store that grew over weeks, all parts are merged
        if not await pool.execute("SELECT 1 FROM system.merges LIMIT 1"):
            break
        await asyncio.sleep(1)
    await pool.close()


async def measure_queries(folder: Path) -> None:
    """Measure opening, storing, and reports of campaigns right after a store."""
    started, cpu_started = time.perf_counter(), time.process_time()
    analytics = await ChdbAnalytics.open(folder, SystemClock())
    _print_timing("open, and count all campaigns", [(time.perf_counter() - started, time.process_time() - cpu_started)])
    feed, stopping = ClickFeed(), asyncio.Event()
    console = create_app(analytics, feed=feed, rules=load_shipped_context().rules, clock=SystemClock(), rejudge=_refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with asyncio.TaskGroup() as tasks, httpx2.AsyncClient(base_url=url, timeout=None) as client:
            tasks.create_task(serve_app(console, listener, stopping=stopping))
            bench = ReportBench(analytics, client)
            await bench.measure_stores()
            await bench.measure_reports()
            feed.close()
            stopping.set()
    await analytics.close()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000:,.0f} MB of memory at peak")


async def _refuse(_request: RejudgeRequest) -> list[RejudgeResult]:
    raise NotImplementedError


class ReportBench:
    """Stores clicks of the largest campaign, and reads its report."""

    def __init__(self, analytics: ChdbAnalytics, client: httpx2.AsyncClient) -> None:
        self._analytics = analytics
        self._client = client
        self._numbers = count()

    async def measure_stores(self) -> None:
        """Measure stores into a campaign that was counted when the folder was opened."""
        for label in ("store, looking up people", "store, with the filter of people"):
            await self._measure(f"{label}, {CLICKS_PER_STORE:,} clicks", self._store_clicks, rounds=ROUNDS)
            started = time.perf_counter()
            await self._analytics.load_next_filter()
            if label == "store, looking up people":
                print(f"the filter of people was loaded in {time.perf_counter() - started:.1f} s")

    async def measure_reports(self) -> None:
        """Measure reports after a store, and single recipients."""
        total = (await self._fetch_campaign())["clicks"]["total"]
        for label, fetch in (
            ("largest campaign, page", lambda: self._get(f"/campaign?name={LARGEST_CAMPAIGN}")),
            ("largest campaign, API", self._fetch_campaign),
            ("largest campaign, report", lambda: self._analytics.campaign(LARGEST_CAMPAIGN)),
            ("all campaigns, page", lambda: self._get("/")),
            ("all campaigns, API", lambda: self._get("/api/campaigns")),
        ):
            await self._measure(f"{label}, right after a store", fetch, before=self._store_clicks)
            total += ROUNDS * CLICKS_PER_STORE
            if (await self._fetch_campaign())["clicks"]["total"] != total:
                raise SystemExit("analytics: error: a report lacks clicks")
        numbers = count(1, 1_000)
        await self._measure(
            "clicks of one recipient", lambda: self._analytics.recipient_clicks(f"person-{next(numbers)}@example.com")
        )
        differing: list[str] = []

        async def recount() -> None:
            differing.extend(await self._analytics.recount([LARGEST_CAMPAIGN]))

        await self._measure("largest campaign, recount", recount, rounds=1)
        if differing:
            raise SystemExit("analytics: error: the recount has other numbers")
        reports = await self._analytics.campaigns()
        all_clicks = sum(report.clicks.total for report in reports)
        print(f"{len(reports)} campaigns, {all_clicks:,} counted clicks, {total / all_clicks:.1%} in the largest")

    async def _get(self, path: str) -> httpx2.Response:
        response = await self._client.get(path)
        response.raise_for_status()
        return response

    async def _fetch_campaign(self) -> dict[str, Any]:
        campaign: dict[str, Any] = (await self._get(f"/api/campaign?name={LARGEST_CAMPAIGN}")).json()
        return campaign

    async def _store_clicks(self) -> None:
        events: list[RecordedEvent] = []
        messages: list[JudgedMessage] = []
        now = SystemClock().now()
        for number in itertools.islice(self._numbers, CLICKS_PER_STORE):
            is_new = number % 3
            message_id, recipient = f"added-{number}", f"{'added' if is_new else 'person'}-{number}@example.com"
            clicked = Click(
                id=f"{message_id}-click",
                at=now,
                campaign=LARGEST_CAMPAIGN,
                message_id=message_id,
                recipient=recipient,
                link=number % 8,
                url=f"https://shop.example/products/{number % 8}?utm_source=newsletter&utm_medium=email",
                ip="192.0.2.7",
            )
            judged = JudgedClick(
                click=clicked, verdict=Verdict.HUMAN, score=0, reasons=(), counted=True, rules="2026-11-24"
            )
            events.append(RecordedEvent(encode_event(clicked), clicked))
            messages.append(
                JudgedMessage(
                    timeline=Timeline.from_events(message_id, [clicked]), clicks=(judged,), has_message_events=False
                )
            )
        await self._analytics.store(events, messages)

    async def _measure(
        self,
        label: str,
        call: Callable[[], Awaitable[object]],
        *,
        before: Callable[[], Awaitable[None]] | None = None,
        rounds: int = ROUNDS,
    ) -> None:
        timings: list[tuple[float, float]] = []
        for _ in range(rounds):
            if before:
                await before()
            started, cpu_started = time.perf_counter(), time.process_time()
            await call()
            timings.append((time.perf_counter() - started, time.process_time() - cpu_started))
        _print_timing(label, timings)


def _print_timing(label: str, timings: Sequence[tuple[float, float]]) -> None:
    elapsed_s, cpu_s = sorted(timings)[len(timings) // 2]
    print(f"{label}: {elapsed_s * 1_000:,.0f} ms, {cpu_s * 1_000:,.0f} ms of processor time", flush=True)


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
