"""Run the demo: start every server, send the campaign, follow its links, and fetch the report."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2
import msgspec

from clicktrail.demo.clients import RequestSender
from clicktrail.demo.landing import LandingSite
from clicktrail.demo.mailing import send_campaign
from clicktrail.demo.newsletter import CAMPAIGN
from clicktrail.demo.population.crowd import Population
from clicktrail.demo.population.plan import GroundTruth, RequestResult, execute_plan
from clicktrail.demo.population.received import MessageLinks
from clicktrail.demo.serving import Endpoints, running_server
from clicktrail.demo.sink import ReceivedMessage, Sink
from clicktrail.errors import SettingsError
from clicktrail.server.api import schemas

ProgressCallback = Callable[[str, float], None]
"""Called with the name of the current step and the share of the run that is done, from 0 to 1."""

_RECIPIENT_COUNT: Final = 500
_WINDOW_S: Final = 40.0
_SENDING_PROGRESS: Final = 0.15
_CLICKING_PROGRESS: Final = 0.95
_PROGRESS_STEPS: Final = 80
_REPORT_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Report and ground truth of the campaign, and origin of the console."""

    report: schemas.Campaign
    truth: GroundTruth
    console_url: str

    @property
    def raw_click_rate(self) -> float:
        """Click rate of all clickers, scanners included."""
        return self.report.click_rate.raw

    @property
    def human_click_rate(self) -> float:
        """Click rate of the clickers judged human."""
        return self.report.click_rate.human

    @property
    def true_click_rate(self) -> float:
        """Click rate of the people of the simulation, by the ground truth."""
        return len(self.truth.clickers) / self.report.delivered


class Demo:
    """All servers and clients of the demo; they run while the context is open.

    Raises:
        SettingsError: the data folder is not empty.
        ClicktrailError: clicktrail did not start.
    """

    def __init__(
        self,
        *,
        data: Path | None = None,
        seed: int = 1,
        recipient_count: int = _RECIPIENT_COUNT,
        window_s: float = _WINDOW_S,
    ) -> None:
        """Prepare a demo in a new or empty folder, or in a temporary one.

        Clicks happen within ``window_s`` after delivery.
        """
        self._data = data
        self._population = Population(seed=seed, recipient_count=recipient_count, window_s=window_s)
        self._window_s = window_s
        self._received: asyncio.Queue[ReceivedMessage] = asyncio.Queue()
        self._results: list[RequestResult] = []
        self._resources = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start the shop's site, the next hop, the HTTP client and clicktrail."""
        # Exit through __aexit__, which stops clicktrail. asyncio.run handles only SIGINT, and shells start background
        # processes with SIGINT ignored.
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signal_number, sys.exit, 128 + signal_number)
        async with contextlib.AsyncExitStack() as resources:
            folder = self._data or Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="clicktrail-demo-")))
            _create_data_folder(folder)
            self._site = await resources.enter_async_context(LandingSite())
            self._sink = await resources.enter_async_context(Sink(on_message=self._received.put_nowait))
            self._sender = await resources.enter_async_context(RequestSender())
            self._endpoints: Endpoints = await resources.enter_async_context(
                running_server(folder, next_hop=self._sink.address)
            )
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop them."""
        await self._resources.__aexit__(kind, error, traceback)

    @property
    def console_url(self) -> str:
        """Origin of the console."""
        return self._endpoints.console

    @property
    def landing_requests(self) -> Sequence[str]:
        """Paths and queries requested from the shop's site, in order."""
        return self._site.request_targets

    async def run(self, on_progress: ProgressCallback) -> DemoResult:
        """Send the campaign, follow its links as planned, and wait until the report is complete."""
        recipients = self._population.recipients
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(
                send_campaign(
                    recipients,
                    relay=self._endpoints.relay,
                    site_origin=self._site.origin,
                    on_sent=lambda sent: on_progress("sending", _SENDING_PROGRESS * sent / len(recipients)),
                )
            )
            for _ in recipients:
                tasks.create_task(self._follow_links(await self._received.get()))
            await sending
            tasks.create_task(self._update_progress(on_progress))
        on_progress("judging", _CLICKING_PROGRESS)
        report = await self._fetch_report()
        on_progress("done", 1.0)
        return DemoResult(report=report, truth=GroundTruth.from_results(self._results), console_url=self.console_url)

    async def wait_until_interrupted(self) -> None:
        """Keep running until SIGINT or SIGTERM."""
        interrupted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_number, interrupted.set)
        await interrupted.wait()

    async def _follow_links(self, received: ReceivedMessage) -> None:
        for recipient in received.recipients:
            plan = self._population.plan(MessageLinks.from_bytes(received.content, recipient=recipient))
            self._results.extend(
                await execute_plan(plan, recipient=recipient, delivered_at=received.received_at, send=self._sender.send)
            )

    async def _update_progress(self, on_progress: ProgressCallback) -> None:
        for step in range(_PROGRESS_STEPS):
            elapsed_share = step / _PROGRESS_STEPS
            on_progress("clicking", _SENDING_PROGRESS + (_CLICKING_PROGRESS - _SENDING_PROGRESS) * elapsed_share)
            await asyncio.sleep(self._window_s / _PROGRESS_STEPS)

    async def _fetch_report(self) -> schemas.Campaign:
        """Fetch the report until it has all expected clicks and no longer changes, or until a time-out."""
        expected_clicks = sum(map(_is_counted_click, self._results))
        previous: schemas.Campaign | None = None
        async with httpx2.AsyncClient(base_url=self.console_url, timeout=_REPORT_TIMEOUT_S) as http:
            await asyncio.sleep(1)
            report = await _request_report(http)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_REPORT_TIMEOUT_S):
                    while report != previous or report.clicks.total < expected_clicks:
                        await asyncio.sleep(1)
                        previous, report = report, await _request_report(http)
        return report


async def _request_report(http: httpx2.AsyncClient) -> schemas.Campaign:
    response = await http.get("/api/campaign", params={"name": CAMPAIGN})
    return msgspec.json.decode(response.raise_for_status().content, type=schemas.Campaign)


def _create_data_folder(folder: Path) -> None:
    # An earlier demo's clicks in the same folder would be counted again.
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SettingsError(f"the folder {folder} is not empty", hint="name a new one for each demo")


def _is_counted_click(result: RequestResult) -> bool:
    # Reports count GET requests that the edge answered, except prefetches.
    request = result.request
    return result.status == httpx2.codes.FOUND and request.method == "GET" and "sec-purpose" not in request.headers
