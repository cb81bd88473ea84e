"""Measure the engine and the reports on a store with a number of clicks.

SQL generates the clicks in the product's tables, as in `bench.analytics`, and also events and clicks by address, which
the engine looks up. Then the engine reads new clicks from the journal, judges and stores them. A page is loaded right
after a click on the largest campaign was stored.
"""

import asyncio
import multiprocessing
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec

from bench.analytics import LARGEST_CAMPAIGN, load_clicks
from bench.charts.chart import Chart
from bench.flood import HEADERS, USER_AGENT
from bench.programs import BenchError
from clicktrail.model.event import Click, encode_event
from clicktrail.server.analytics.connection import ChdbPool
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.journal.writer import SegmentWriter
from clicktrail.server.pipeline.process import Processor
from clicktrail.server.settings import Settings
from clicktrail.server.system import SystemClock
from clicktrail.server.wiring.processing import build_judge, build_processor, build_reader

_SIZES: Final = (1e4, 1e5, 1e6, 1e7, 5e7)
_MAX_EVENTS: Final = 10_000_000
"""Events of a larger store are not generated, because they take tens of gigabytes; only its pages are measured."""

_BATCH_CLICKS: Final = 1_000
_NEW_BATCHES: Final = 10
_KNOWN_BATCHES: Final = 3
_ROUNDS: Final = 5
_SAMPLE_FILE: Final = "messages.jsonl"
_FIRST_CLICK_AT: Final = datetime(2026, 11, 30, 20, tzinfo=UTC)
"""Within the last hours of the generated clicks, so that new clicks are stored in the same partition."""

_MERGE_TIMEOUT_S: Final = 600

_INSERT_EVENTS: Final = """
INSERT INTO events (message_id, at, id, line, version, type)
SELECT
    message_id, at, id,
    concat('{"id":"', id, '","type":"click","at":"', replaceOne(toString(at), ' ', 'T'), 'Z","source":"clicktrail",',
           '"campaign":"', campaign, '","message_id":"', message_id, '","recipient":"', person, '","link":',
           toString(link), ',"url":"', url, '","method":"GET","ip":"', ip, '","user_agent":"', user_agent,
           '","headers":{"accept":"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",',
           '"accept-encoding":"gzip, deflate, br, zstd","accept-language":"en-GB,en;q=0.9","sec-fetch-dest":"document"',
           '},"https":true,"http_version":"2"}'),
    1, 'click'
FROM clicks WHERE version = 1
SETTINGS max_threads = 1, max_insert_threads = 1, min_insert_block_size_rows = 100000
"""
_INSERT_ADDRESS_CLICKS: Final = """
INSERT INTO address_clicks SELECT ip, at, id, message_id, person, false, 1 FROM clicks WHERE version = 1
"""


# Random stored messages.
_SELECT_MESSAGES: Final = """
SELECT message_id, campaign, person FROM clicks
WHERE cityHash64(message_id, 9) % {divisor} = 0
ORDER BY cityHash64(message_id, 10)
LIMIT 1 BY message_id
LIMIT {limit}
"""


class StoredMessage(msgspec.Struct):
    """A message with clicks in the store."""

    message_id: str
    campaign: str
    person: str


class PageCost(NamedTuple):
    """Time of a page in milliseconds: processor time of all threads, and elapsed time."""

    processor_ms: float
    elapsed_ms: float


class StoreCosts(NamedTuple):
    """Costs on a store of one size.

    Attributes:
        new_click_us: processor time of a click on a new message in microseconds, with all threads of chDB; None if not
            measured.
        known_click_us: processor time of a click on a message with three stored clicks; None if not measured.
        campaign: page of the largest campaign.
        campaigns: page of all campaigns.
        recipient: clicks of one recipient.
    """

    new_click_us: float | None
    known_click_us: float | None
    campaign: PageCost
    campaigns: PageCost
    recipient: PageCost


def measure_stores(max_clicks: int, folder: Path | None) -> list[Chart]:
    """Measure stores of several sizes up to ``max_clicks``.

    Args:
        max_clicks: clicks in the largest store.
        folder: where filled stores are kept, and found; None for a temporary folder.

    Raises:
        BenchError: a store could not be filled or measured.
    """
    sizes = [size for size in _SIZES if size <= max_clicks]
    costs = []
    with TemporaryDirectory(prefix="clicktrail-growth-") as temporary:
        for size in sizes:
            print(f"store with {size:,.0f} clicks", flush=True)
            costs.append(_measure_store(int(size), folder or Path(temporary)))
    return _build_charts(sizes, costs)


def _build_charts(sizes: Sequence[float], costs: Sequence[StoreCosts]) -> list[Chart]:
    pages = {
        "largest campaign": [cost.campaign for cost in costs],
        "all campaigns": [cost.campaigns for cost in costs],
        "one recipient": [cost.recipient for cost in costs],
    }
    x_label = "clicks stored"
    return [
        Chart(
            name="page-processor",
            title="Processor time of a page, right after a click was stored",
            kind="lines",
            x_label=x_label,
            y_label="processor time per page, ms",
            categories=list(sizes),
            series={name: [cost.processor_ms for cost in page] for name, page in pages.items()},
        ),
        Chart(
            name="page-elapsed",
            title="Elapsed time of a page, right after a click was stored",
            kind="lines",
            x_label=x_label,
            y_label="elapsed time per page, ms",
            categories=list(sizes),
            series={name: [cost.elapsed_ms for cost in page] for name, page in pages.items()},
        ),
        Chart(
            name="click-processor",
            title="Processor time of judging and storing a click, in batches of 1,000",
            kind="lines",
            x_label=x_label,
            y_label="processor time per click, µs",
            categories=list(sizes),
            series={
                "on a new message": [cost.new_click_us for cost in costs],
                "on a stored message": [cost.known_click_us for cost in costs],
            },
        ),
    ]


def _measure_store(clicks: int, folder: Path) -> StoreCosts:
    # Each step is a process of its own, so that its memory is not in the way of the next.
    context = multiprocessing.get_context("spawn")
    filled = folder / str(clicks)
    if not filled.exists():
        filling = Settings(data_dir=f"{filled}.filling")
        shutil.rmtree(filling.data_path, ignore_errors=True)
        _run(context.Process(target=load_clicks, args=(filling.analytics_path, clicks)))
        _run(context.Process(target=_load_events, args=(filling.analytics_path, clicks)))
        filling.data_path.rename(filled)
    with TemporaryDirectory(dir=folder) as copy:
        shutil.copytree(filled, copy, symlinks=True, dirs_exist_ok=True)
        settings = Settings(data_dir=copy)
        _run(context.Process(target=_prepare, args=(settings.analytics_path,)))
        receiver, sender = context.Pipe(duplex=False)
        _run(context.Process(target=_measure, args=(settings, clicks, sender)))
        costs: StoreCosts = receiver.recv()
        return costs


def _run(process: BaseProcess) -> None:
    process.start()
    process.join()
    if process.exitcode:
        raise BenchError("the store could not be filled or measured")


def _load_events(folder: Path, clicks: int) -> None:
    asyncio.run(_insert_events(folder, clicks))


async def _insert_events(folder: Path, clicks: int) -> None:
    pool = ChdbPool(folder)
    if clicks <= _MAX_EVENTS:
        await pool.execute(_INSERT_EVENTS)
        await pool.execute(_INSERT_ADDRESS_CLICKS)
    limit = _BATCH_CLICKS * _KNOWN_BATCHES
    query = _SELECT_MESSAGES.format(divisor=max(1, clicks // (10 * limit)), limit=limit)
    (folder.parent / _SAMPLE_FILE).write_bytes(await pool.execute(query))
    await pool.close()


def _prepare(folder: Path) -> None:
    asyncio.run(_count_and_merge(folder))


async def _count_and_merge(folder: Path) -> None:
    """Open the store, which counts all campaigns, and wait until all parts are merged, as if it had grown slowly."""
    analytics = await ChdbAnalytics.open(folder, SystemClock())
    await analytics.close()
    pool = ChdbPool(folder)
    for _ in range(_MERGE_TIMEOUT_S):
        if not await pool.execute("SELECT 1 FROM system.merges LIMIT 1"):
            break
        await asyncio.sleep(1)
    await pool.close()


def _measure(settings: Settings, clicks: int, sender: Connection) -> None:
    sender.send(asyncio.run(_measure_costs(settings, has_events=clicks <= _MAX_EVENTS)))


async def _measure_costs(settings: Settings, *, has_events: bool) -> StoreCosts:
    sample = msgspec.json.Decoder(StoredMessage).decode_lines((settings.data_path / _SAMPLE_FILE).read_bytes())
    analytics = await ChdbAnalytics.open(settings.analytics_path, SystemClock())
    try:
        processor = build_processor(settings, build_reader(settings), analytics, build_judge(settings))
        with SegmentWriter(settings.journal_path / "edge-0", asyncio.get_running_loop()) as writer:
            engine = _Engine(processor, writer)
            await engine.measure(_make_new_messages("warm-up", _BATCH_CLICKS))
            await analytics.load_next_filter()
            new_click_us = known_click_us = None
            if has_events:
                new_click_us = await engine.measure(_make_new_messages("new", _NEW_BATCHES * _BATCH_CLICKS))
                known_click_us = await engine.measure(sample)
            campaign = await _measure_page(lambda: analytics.campaign(LARGEST_CAMPAIGN), engine)
            campaigns = await _measure_page(analytics.campaigns, engine)
            people = iter(sample)
            recipient = await _measure_page(lambda: analytics.recipient_clicks(next(people).person), engine)
        return StoreCosts(new_click_us, known_click_us, campaign, campaigns, recipient)
    finally:
        await analytics.close()


def _make_new_messages(prefix: str, count: int) -> Sequence[StoredMessage]:
    return [
        StoredMessage(f"{prefix}-{number}", LARGEST_CAMPAIGN, f"{prefix}-{number}@example.com")
        for number in range(count)
    ]


class _Engine:
    """The processor, and the journal that it reads."""

    def __init__(self, processor: Processor, writer: SegmentWriter) -> None:
        self._processor = processor
        self._writer = writer
        self._click_count = 0

    async def measure(self, messages: Sequence[StoredMessage]) -> float:
        """Click once on each message; return the processor time that judging and storing a click took, in µs."""
        cpu_s = 0.0
        for first in range(0, len(messages), _BATCH_CLICKS):
            for message in messages[first : first + _BATCH_CLICKS]:
                self._append_click(message)
            self._writer.flush()
            started_s = time.process_time()
            while await self._processor.run_once(_BATCH_CLICKS):
                pass
            cpu_s += time.process_time() - started_s
        return cpu_s / len(messages) * 1e6

    def _append_click(self, message: StoredMessage) -> None:
        self._click_count += 1
        number = self._click_count
        click = Click(
            id=f"measured-{number}",
            at=_FIRST_CLICK_AT + timedelta(milliseconds=number),
            campaign=message.campaign,
            message_id=message.message_id,
            recipient=message.person,
            url="https://shop.example/products/0?utm_source=newsletter&utm_medium=email",
            ip=f"86.{128 + number // 62_500}.{number % 62_500 // 250}.{number % 250}",
            user_agent=USER_AGENT,
            headers=HEADERS,
            https=True,
            http_version="2",
        )
        self._writer.append(encode_event(click), lambda _is_committed: None)


async def _measure_page(load: Callable[[], Awaitable[object]], engine: _Engine) -> PageCost:
    """Load a page right after the engine has stored another click on the largest campaign."""
    costs = []
    for _ in range(_ROUNDS):
        await engine.measure(_make_new_messages("page", 1))
        started_s, cpu_started_s = time.perf_counter(), time.process_time()
        await load()
        elapsed_s, cpu_s = time.perf_counter() - started_s, time.process_time() - cpu_started_s
        costs.append(PageCost(processor_ms=cpu_s * 1e3, elapsed_ms=elapsed_s * 1e3))
    return PageCost(median(cost.processor_ms for cost in costs), median(cost.elapsed_ms for cost in costs))
