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
async def test_any_text_can_be_asked_for(client: ConsoleClient, analytics: MemoryAnalytics, name: str) -> None:
    await analytics.store([], [make_judged_message(sent("m1", campaign=name))])
    assert name == (await client.get("/api/campaign", params={"name": name})).json()["campaign"]


async def test_unknown_campaign_is_not_found(client: ConsoleClient) -> None:
    answer = await client.get("/api/campaign", params={"name": "x"})
    assert (404, {"error": "there is no campaign 'x'"}) == (answer.status_code, answer.json())


async def test_missing_name_is_a_bad_request(client: ConsoleClient) -> None:
    assert 400 == (await client.get("/api/campaign")).status_code


async def test_unreadable_analytics_is_unavailable() -> None:
    async with create_console_client(UnreadableAnalytics()) as client:
        answer = await client.get("/api/campaigns")
    assert (503, {"error": "cannot read"}) == (answer.status_code, answer.json())


async def test_healthz_says_ok(client: ConsoleClient) -> None:
    assert "ok\n" == (await client.get("/healthz")).text


async def test_rejudge(client: ConsoleClient) -> None:
    response = await client.post("/api/rejudge", json={"campaign": "spring"})
    (campaign,) = response.json()["campaigns"]
    assert (campaign["campaign"], campaign["judged"], campaign["skipped"]) == ("spring", 0, 0)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", '{"apply": true}', 415),
        ("application/json", '{"aply": true}', 400),
        ("application/json", "", 400),
    ],
)
async def test_a_page_of_another_site_cannot(client: ConsoleClient, kind: str, body: str, status: int) -> None:
    answer = await client.post("/api/rejudge", content=body, headers={"Content-Type": kind})
    assert status == answer.status_code


async def test_filters_are_asked_for_by_name(client: ConsoleClient, spring: CampaignReport) -> None:
    answer = await client.get("/api/campaign", params={"name": "spring", "filter": ["time", "links"]})
    assert [("time", spring.unique.raw), ("links", spring.unique.human)] == [
        (of["filter"], of["unique"]) for of in answer.json()["filters"]
    ]
    assert 400 == (await client.get("/api/campaigns", params={"filter": "luck"})).status_code


async def test_how_verdicts_changed_can_be_asked(client: ConsoleClient, spring: CampaignReport) -> None:
    asked = {"campaign": spring.campaign, "limit": "9"}
    assert {"campaign": "spring", "changes": []} == (await client.get("/api/history", params=asked)).json()
    assert 404 == (await client.get("/api/history", params=asked | {"campaign": "autumn"})).status_code
    assert 400 == (await client.get("/api/history", params=asked | {"limit": "0"})).status_code


async def test_a_segment_comes_by_pages(client: ConsoleClient, spring: CampaignReport) -> None:
    assert spring.unique.human == 1
    asked = {"since": "2026-11-23T00:00:00Z", "after": "", "campaign": "spring"}
    assert {"recipients": []} == (await client.get("/api/segment", params=asked)).json()
    for wrong in ({"since": "2026-11-23T00:00:00"}, {"since": "yesterday"}):
        assert 400 == (await client.get("/api/segment", params=asked | wrong)).status_code


async def test_labels_are_kept_and_held_against_verdicts(client: ConsoleClient, spring: CampaignReport) -> None:
    assert 204 == (await client.post("/api/labels", json={"m0-h": "human", "m0-b": "human"})).status_code
    human = (await client.get("/api/labels")).json()["truths"][0]
    assert (spring.unique.human, 1.0, 0.5) == (human["verdicts"]["human"], human["precision"], human["recall"])
    assert 400 == (await client.post("/api/labels", json={"m0-h": "martian"})).status_code
    assert 415 == (await client.post("/api/labels", data={"m0-h": "human"})).status_code


async def test_clicks_come_by_pages(client: ConsoleClient, analytics: MemoryAnalytics) -> None:
    clicks = tuple(
        make_judged_click(click("m1", str(number), after_s=number), Verdict.BOT, BURST) for number in range(4)
    )
    await analytics.store([], [make_judged_message(sent("m1"), clicks=(*clicks, make_judged_click(click("m1", "h"))))])
    asked: dict[str, Any] = {"campaign": "spring", "verdict": ["bot", "preview"], "signal": "burst", "limit": 3}
    first = (await client.get("/api/clicks", params=asked)).json()
    second = (await client.get("/api/clicks", params=asked | {"before": first["before"]})).json()
    assert (["m1-3", "m1-2", "m1-1"], ["m1-0"]) == tuple(
        [of["id"] for of in page["clicks"]] for page in (first, second)
    )
    assert second["before"] is None
    for wrong in (
        {"verdict": "martian"},
        {"limit": 0},
        {"limit": 501},
        {"before": "yesterday"},
        {"counted": "perhaps"},
    ):
        assert 400 == (await client.get("/api/clicks", params=asked | wrong)).status_code
    assert 404 == (await client.get("/api/clicks", params=asked | {"campaign": "x"})).status_code
