"""Read reports from a running engine over HTTP on a loopback address.

Only one process can open analytics: while an engine runs, commands ask it. They use the standard library's client,
because httpx2 takes longer to import than the rest of a command.
"""

import json
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, NamedTuple, Self, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from clicktrail.errors import StorageError
from clicktrail.model.event import format_rfc3339
from clicktrail.model.verdict import Verdict
from clicktrail.report import ClickFilter
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.rejudge import RejudgeRequest

_Schema = TypeVar("_Schema")
_Query = Mapping[str, str | Sequence[str]]

_TIMEOUT_S: Final = 30.0


def read_service_url(run_file: Path, service: str) -> str | None:
    """Read the address of a service, such as ``console``, from the run file; None if no engine runs."""
    try:
        return str(json.loads(run_file.read_text("utf-8"))[service])
    except (OSError, ValueError, KeyError):
        return None


class _Response(NamedTuple):
    status: int
    content: bytes


class EngineClient:
    """The `ReportService` of a running engine, a context manager."""

    def __init__(self, console_url: str) -> None:
        self._console_url = console_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Every request has a connection of its own, so there is nothing to close."""

    def is_running(self) -> bool:
        """Whether an engine accepts connections: after a crash its run file is still there."""
        url = urlsplit(self._console_url)
        try:
            socket.create_connection((url.hostname or "", url.port or 0), _TIMEOUT_S).close()
        except OSError:
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

    def recount(self, campaign: str | None) -> list[schemas.RecountedCampaign]:
        """Implement `ReportService.recount`."""
        request = schemas.RecountRequest(campaign=campaign)
        return _decode(self._post("/api/recount", request), schemas.RecountedCampaigns).campaigns

    def store_labels(self, labels: Mapping[str, Verdict]) -> None:
        """Implement `ReportService.store_labels`."""
        _raise_for_status(self._post("/api/labels", labels))

    def confusion_matrix(self) -> schemas.LabelReport:
        """Implement `ReportService.confusion_matrix`."""
        return self._get("/api/labels", {}, schemas.LabelReport)

    def _get(self, path: str, query: _Query, schema: type[_Schema]) -> _Schema:
        return _decode(self._send("GET", f"{path}?{urlencode(query, doseq=True)}"), schema)

    def _get_or_none(self, path: str, query: _Query, schema: type[_Schema]) -> _Schema | None:
        response = self._send("GET", f"{path}?{urlencode(query, doseq=True)}")
        return None if response.status == HTTPStatus.NOT_FOUND else _decode(response, schema)

    def _post(self, path: str, document: object) -> _Response:
        return self._send("POST", path, msgspec.json.encode(document))

    def _send(self, method: str, target: str, content: bytes | None = None) -> _Response:
        url = urlsplit(self._console_url + target)
        # No timeout for POST: judging a large campaign again takes minutes.
        connection = HTTPConnection(url.netloc, timeout=_TIMEOUT_S if content is None else None)
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, f"{url.path}?{url.query}", content, headers)
            response = connection.getresponse()
            return _Response(response.status, response.read())
        except (OSError, HTTPException) as error:
            raise StorageError(
                f"the engine at {self._console_url} does not answer: {error}", hint="clicktrail doctor shows its state"
            ) from error
        finally:
            connection.close()


def _decode(response: _Response, schema: type[_Schema]) -> _Schema:
    _raise_for_status(response)
    try:
        return msgspec.json.decode(response.content, type=schema)
    except msgspec.DecodeError as error:
        raise StorageError(
            f"cannot read the engine's response: {error}", hint="restart clicktrail serve after an upgrade"
        ) from error


def _raise_for_status(response: _Response) -> None:
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise StorageError(f"the engine answered {response.status}", hint="see its log")
