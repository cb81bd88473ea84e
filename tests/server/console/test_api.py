from typing import Any

import msgspec
import pytest

from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport
from clicktrail.server.api import schemas
from tests.support.console import ConsoleClient, UnreadableAnalytics, create_console_client
from tests.support.judged_lines import BURST, click, make_judged_click, make_judged_message, sent
from tests.support.memory_analytics import MemoryAnalytics


async def test_campaigns(client: ConsoleClient, spring: CampaignReport) -> None:
    campaign = msgspec.to_builtins(schemas.Campaign.from_report(spring))
    assert (await client.get("/api/campaign", params={"name": "spring"})).json() == campaign
    overview = campaign | {"links": [], "reasons": []}
    assert (await client.get("/api/campaigns")).json() == {"campaigns": [overview]}


@pytest.mark.parametrize("name", ["", "a/b", "..", "%2e%2e", "a b&c=d#e+f", "ü€"])
async def test_campaign_name_can_be_any_text(client: ConsoleClient, analytics: MemoryAnalytics, name: str) -> None:
    await analytics.store([], [make_judged_message(sent("m1", campaign=name))])
    response = await client.get("/api/campaign", params={"name": name})
    assert response.json()["campaign"] == name


async def test_unknown_campaign_is_not_found(client: ConsoleClient) -> None:
    response = await client.get("/api/campaign", params={"name": "x"})
    assert (response.status_code, response.json()) == (404, {"error": "there is no campaign 'x'"})


async def test_missing_name_is_a_bad_request(client: ConsoleClient) -> None:
    assert (await client.get("/api/campaign")).status_code == 400


async def test_unreadable_analytics_is_unavailable() -> None:
    async with create_console_client(UnreadableAnalytics()) as client:
        response = await client.get("/api/campaigns")
    assert (response.status_code, response.json()) == (503, {"error": "cannot read"})


async def test_healthz(client: ConsoleClient) -> None:
    assert (await client.get("/healthz")).text == "ok\n"


async def test_rejudge(client: ConsoleClient) -> None:
    response = await client.post("/api/rejudge", json={"campaign": "spring"})
    (campaign,) = response.json()["campaigns"]
    assert (campaign["campaign"], campaign["judged"], campaign["skipped"]) == ("spring", 0, 0)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", '{"apply": true}', 415),
        ("application/json", '{"aply": true}', 400),
        ("application/json", "", 400),
    ],
)
async def test_invalid_body_is_refused(client: ConsoleClient, content_type: str, body: str, status: int) -> None:
    response = await client.post("/api/rejudge", content=body, headers={"Content-Type": content_type})
    assert response.status_code == status


async def test_filters(client: ConsoleClient, spring: CampaignReport) -> None:
    response = await client.get("/api/campaign", params={"name": "spring", "filter": ["time", "links"]})
    assert [(result["filter"], result["unique"]) for result in response.json()["filters"]] == [
        ("time", spring.unique.raw),
        ("links", spring.unique.human),
    ]
    assert (await client.get("/api/campaigns", params={"filter": "luck"})).status_code == 400


async def test_history(client: ConsoleClient, spring: CampaignReport) -> None:
    query = {"campaign": spring.campaign, "limit": "9"}
    assert (await client.get("/api/history", params=query)).json() == {"campaign": "spring", "changes": []}
    assert (await client.get("/api/history", params=query | {"campaign": "autumn"})).status_code == 404
    assert (await client.get("/api/history", params=query | {"limit": "0"})).status_code == 400


TIMES_OUT_OF_RANGE = ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00")


@pytest.mark.parametrize("time", TIMES_OUT_OF_RANGE)
async def test_time_out_of_range_is_refused(client: ConsoleClient, time: str) -> None:
    assert (await client.get("/api/clicks", params={"before": f"{time},id"})).status_code == 400
    assert (await client.post("/api/rejudge", json={"since": time})).status_code == 400


async def test_segment(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    judged = make_judged_click(click("m1", "1", recipient="ann@example.com"))
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(judged,))])
    query = {"since": "2026-11-23T00:00:00Z", "after": "", "campaign": "spring"}
    (clicker,) = (await client.get("/api/segment", params=query)).json()["recipients"]
    assert clicker == {"recipient": "ann@example.com", "clicks": 1, "last_click_at": "2026-11-23T09:01:00.000Z"}
    last_page = await client.get("/api/segment", params=query | {"after": clicker["recipient"]})
    assert last_page.json() == {"recipients": []}
    for invalid in ({"since": time} for time in ("2026-11-23T00:00:00", "yesterday", *TIMES_OUT_OF_RANGE)):
        assert (await client.get("/api/segment", params=query | invalid)).status_code == 400


async def test_labels(client: ConsoleClient, spring: CampaignReport) -> None:
    assert (await client.post("/api/labels", json={"m0-h": "human", "m0-b": "human"})).status_code == 204
    human = (await client.get("/api/labels")).json()["truths"][0]
    assert (human["verdicts"]["human"], human["precision"], human["recall"]) == (spring.unique.human, 1.0, 0.5)
    assert (await client.post("/api/labels", json={"m0-h": "martian"})).status_code == 400
    assert (await client.post("/api/labels", data={"m0-h": "human"})).status_code == 415


async def test_clicks(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    clicks = tuple(
        make_judged_click(click("m1", str(number), after_s=number), Verdict.BOT, BURST) for number in range(4)
    )
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(*clicks, make_judged_click(click("m1", "h"))))])
    query: dict[str, Any] = {"campaign": "spring", "verdict": ["bot", "preview"], "signal": "burst", "limit": 3}
    first_page = (await client.get("/api/clicks", params=query)).json()
    second_page = (await client.get("/api/clicks", params=query | {"before": first_page["before"]})).json()
    assert [item["id"] for item in first_page["clicks"]] == ["m1-3", "m1-2", "m1-1"]
    assert [item["id"] for item in second_page["clicks"]] == ["m1-0"]
    assert second_page["before"] is None
    for invalid in (
        {"verdict": "martian"},
        {"limit": 0},
        {"limit": 501},
        {"before": "yesterday"},
        {"counted": "perhaps"},
    ):
        assert (await client.get("/api/clicks", params=query | invalid)).status_code == 400
    assert (await client.get("/api/clicks", params=query | {"campaign": "x"})).status_code == 404
