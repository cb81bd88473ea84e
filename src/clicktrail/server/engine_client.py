"""Read reports from a running engine over HTTP on a loopback address.

Only one process can open analytics: while an engine runs, commands ask it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Self, TypeVar

import httpx2
import msgspec

from clicktrail.errors import StorageError
from clicktrail.model.event import format_rfc3339
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.rejudge import RejudgeRequest

_Schema = TypeVar("_Schema")
_Query = Mapping[str, str | Sequence[str]]

_TIMEOUT_S: Final = 30


def read_service_url(run_file: Path, service: str) -> str | None:
    """Read the address of a service, such as ``console``, from the run file; None if no engine runs."""
    try:
        return str(json.loads(run_file.read_text("utf-8"))[service])
    except (OSError, ValueError, KeyError):
        return None


class EngineClient:
    """The `ReportService` of a running engine, a context manager."""

    def __init__(self, console_url: str) -> None:
        self._http = httpx2.Client(base_url=console_url, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._http.close()

    def is_running(self) -> bool:
        """Whether an engine accepts connections: after a crash its run file is still there."""
        try:
            self._http.get("/healthz")
        except httpx2.ConnectError:
            return False
        return True

    def campaigns(self, name: str | None, filters: Sequence[ClickFilter] = ()) -> list[schemas.Campaign]:
        """Implement `ReportService.campaigns`."""
        query = {"filter": [click_filter.value for click_filter in filters]}
        if name is None:
            return self._get("/api/campaigns", query, schemas.Campaigns).campaigns
        campaign = self._get_or_none("/api/campaign", {"name": name, **query}, schemas.Campaign)
        return [campaign] if campaign else []

    def history(self, campaign: str, *, click_id: str | None, limit: int) -> schemas.VerdictHistory | None:
        """Implement `ReportService.history`."""
        query = {"campaign": campaign, "limit": str(limit)} | ({} if click_id is None else {"click_id": click_id})
        return self._get_or_none("/api/history", query, schemas.VerdictHistory)

    def segment_page(self, *, since: datetime, campaign: str | None, after: str) -> list[schemas.Clicker]:
        """Implement `ReportService.segment_page`."""
        query = {"since": format_rfc3339(since), "after": after} | ({} if campaign is None else {"campaign": campaign})
        return self._get("/api/segment", query, schemas.SegmentPage).recipients

    def rejudge(self, request: RejudgeRequest) -> list[schemas.RejudgedCampaign]:
        """Implement `ReportService.rejudge`."""
        return _decode(self._post("/api/rejudge", request), schemas.RejudgedCampaigns).campaigns

    def store_labels(self, labels: Mapping[str, Verdict]) -> None:
        """Implement `ReportService.store_labels`."""
        _raise_for_status(self._post("/api/labels", labels))

    def confusion_matrix(self) -> schemas.LabelReport:
        """Implement `ReportService.confusion_matrix`."""
        return self._get("/api/labels", {}, schemas.LabelReport)

    def _get(self, path: str, query: _Query, schema: type[_Schema]) -> _Schema:
        return _decode(self._send(self._http.build_request("GET", path, params=query)), schema)

    def _get_or_none(self, path: str, query: _Query, schema: type[_Schema]) -> _Schema | None:
        response = self._send(self._http.build_request("GET", path, params=query))
        return None if response.status_code == httpx2.codes.NOT_FOUND else _decode(response, schema)

    def _post(self, path: str, document: object) -> httpx2.Response:
        # Without a timeout: judging a large campaign again takes minutes.
        content, headers = msgspec.json.encode(document), {"Content-Type": "application/json"}
        return self._send(self._http.build_request("POST", path, content=content, headers=headers, timeout=None))

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self._http.send(request)
        except httpx2.TransportError as error:
            raise StorageError(
                f"the engine at {self._http.base_url} does not answer: {error}",
                hint="clicktrail doctor shows its state",
            ) from error


def _decode(response: httpx2.Response, schema: type[_Schema]) -> _Schema:
    _raise_for_status(response)
    try:
        return msgspec.json.decode(response.content, type=schema)
    except msgspec.DecodeError as error:
        raise StorageError(
            f"cannot read the engine's response: {error}", hint="restart clicktrail serve after an upgrade"
        ) from error


def _raise_for_status(response: httpx2.Response) -> None:
    if response.is_error:
        raise StorageError(f"the engine answered {response.status_code}", hint="see its log")
