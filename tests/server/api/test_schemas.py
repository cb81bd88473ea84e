import json
from datetime import timedelta

import msgspec
import pytest

from clicktrail.model.event import format_rfc3339
from clicktrail.model.verdict import Verdict
from clicktrail.report import (
    CampaignReport,
    ClickCounts,
    ClickFilter,
    FilteredCounts,
    LinkReport,
    ReasonCount,
    SourceReport,
    UniqueClickers,
)
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.api import schemas
from clicktrail.server.pipeline.queries import explain_click
from clicktrail.server.pipeline.rejudge import RejudgeResult
from clicktrail.server.ports import Clicker, VerdictChange
from tests.support.events import CONTEXT
from tests.support.judged_lines import BURST, SENT_AT, click, make_judged_click

HUMAN, SUSPECTED, BOT, PREVIEW = Verdict

CHANGE = VerdictChange(
    at=SENT_AT,
    click_id="m1-1",
    message_id="m1",
    before=HUMAN,
    after=BOT,
    score=5,
    signals=("burst",),
    rules="1",
)


def to_items(schema: msgspec.Struct) -> list[tuple[str, object]]:
    """Keys and values in the order of the JSON document."""
    return [*json.loads(msgspec.json.encode(schema)).items()]


def test_campaign() -> None:
    report = CampaignReport(
        campaign="spring",
        accepted=5,
        bounced=1,
        opened=2,
        messages_with_engagement=1,
        clicks=ClickCounts(human=1, suspected=2, bot=3, preview=4),
        unique=UniqueClickers(raw=3, human=1, engaged=1),
        links=(
            LinkReport(
                position=0, url="https://shop.example/", clicks=ClickCounts(human=1), unique=UniqueClickers(raw=1)
            ),
        ),
        reasons=(ReasonCount(signal="burst", clicks=3),),
        sources=(SourceReport(source="klaviyo", clicks=1, clicks_with_ip=0, clicks_with_user_agent=1),),
    )
    expected = {
        "campaign": "spring",
        "delivered": 4,
        "delivered_basis": "accepted",
        "accepted": 5,
        "bounced": 1,
        "opened": 2,
        "clicks": {"total": 10, "human": 1, "suspected": 2, "bot": 3, "preview": 4},
        "unique": {"raw": 3, "human": 1, "engaged": 1},
        "click_rate": {"raw": 0.75, "human": 0.25},
        "click_to_open": {"raw": 1.5, "human": 0.5},
        "links": [
            {
                "position": 0,
                "url": "https://shop.example/",
                "group": "",
                "clicks": {"total": 1, "human": 1, "suspected": 0, "bot": 0, "preview": 0},
                "unique": {"raw": 1, "human": 0, "engaged": 0},
            }
        ],
        "reasons": [{"signal": "burst", "clicks": 3, "share": 0.3}],
        "gaps": report.gaps,
    }
    assert to_items(schemas.Campaign.from_report(report)) == [*expected.items()]
    filters = {ClickFilter.TIME: FilteredCounts(clicks=3, unique_clickers=2)}
    assert to_items(schemas.Campaign.from_report(report, filters)) == [
        *expected.items(),
        ("filters", [{"filter": "time", "clicks": 3, "unique": 2, "click_rate": 0.5}]),
    ]


def test_numbers_without_events_are_null() -> None:
    report = CampaignReport(campaign="spring", accepted=5, unique=UniqueClickers(raw=3, human=1))
    campaign = schemas.Campaign.from_report(report)
    assert (campaign.unique.engaged, campaign.click_to_open.raw, campaign.click_to_open.human) == (None, None, None)


@pytest.mark.parametrize(("messages_with_engagement", "expected"), [(0, None), (1, 0)])
def test_engagement_filter_needs_engagement_events(messages_with_engagement: int, expected: int | None) -> None:
    report = CampaignReport(campaign="spring", accepted=2, messages_with_engagement=messages_with_engagement)
    result = schemas.FilterResult.from_counts(report, ClickFilter.ENGAGED, FilteredCounts())
    assert (result.clicks, result.unique, result.click_rate) == (expected, expected, expected)


def test_click() -> None:
    judged = make_judged_click(click("m1", "1", recipient="ann@example.com"), BOT, BURST)
    now = SENT_AT + timedelta(hours=1)
    expected = {
        "id": "m1-1",
        "at": "2026-11-23T09:01:00.000Z",
        "message_id": "m1",
        "recipient": "ann@example.com",
        "link": 0,
        "url": "https://example.com/",
        "group": "",
        "source": "clicktrail",
        "method": "GET",
        "user_agent": judged.click.user_agent,
        "verdict": "bot",
        "score": 5,
        "state": "settled",
        "counted": True,
        "reasons": [{"signal": "burst", "points": 5, "detail": "7 links in 0.6 s"}],
        "counterfactual": "would be human with trusted input on the landing page, or without burst",
        "rules": "1",
    }
    explained = explain_click(judged, rules=CONTEXT.rules, now=now, changes=[CHANGE])
    assert to_items(schemas.Click.from_explained(explained, CONTEXT.rules)) == [
        *expected.items(),
        ("changes", [{"at": format_rfc3339(SENT_AT), "from": "human", "to": "bot"}]),
    ]
    live = schemas.Click.from_live(explained, CONTEXT.rules, campaign="spring", previous_verdict=None)
    assert to_items(live) == [("campaign", "spring"), *expected.items(), ("previous_verdict", None)]


def test_verdict_history() -> None:
    assert to_items(schemas.VerdictHistory.from_changes("spring", [CHANGE])) == [
        ("campaign", "spring"),
        (
            "changes",
            [
                {
                    "at": format_rfc3339(SENT_AT),
                    "click_id": "m1-1",
                    "message_id": "m1",
                    "from": "human",
                    "to": "bot",
                    "score": 5,
                    "signals": ["burst"],
                    "rules": "1",
                }
            ],
        ),
    ]


def test_segment_page() -> None:
    page = schemas.SegmentPage.from_clickers([Clicker(recipient="ann", clicks=2, last_at=SENT_AT)])
    assert to_items(page) == [
        ("recipients", [{"recipient": "ann", "clicks": 2, "last_click_at": format_rfc3339(SENT_AT)}])
    ]


def test_rejudged_campaign() -> None:
    report = CampaignReport(campaign="spring", reported_deliveries=2, unique=UniqueClickers(raw=2, human=2))
    result = RejudgeResult(report=report, judged_count=3, skipped_count=1, human_clickers=({"ann", "bob"}, {"ann"}))
    result.changes[HUMAN, BOT] = 2
    assert to_items(schemas.RejudgedCampaign.from_result(result)) == [
        ("campaign", "spring"),
        ("judged", 3),
        ("skipped", 1),
        ("changes", [{"from": "human", "to": "bot", "clicks": 2}]),
        ("unique", {"human": {"before": 2, "after": 1}}),
        ("click_rate", {"human": {"before": 1.0, "after": 0.5}}),
    ]


def test_label_report() -> None:
    counts = {(HUMAN, HUMAN): 8, (HUMAN, SUSPECTED): 1, (HUMAN, BOT): 1, (BOT, HUMAN): 2, (BOT, BOT): 3}
    assert to_items(schemas.LabelReport.from_matrix(ConfusionMatrix(counts=counts, unmatched_labels=4))) == [
        ("labels", 19),
        ("unmatched_labels", 4),
        (
            "truths",
            [
                {
                    "truth": "human",
                    "verdicts": {"human": 8, "suspected": 1, "bot": 1, "preview": 0},
                    "precision": 0.8,
                    "recall": 0.8,
                },
                {
                    "truth": "bot",
                    "verdicts": {"human": 2, "suspected": 0, "bot": 3, "preview": 0},
                    "precision": 0.75,
                    "recall": 0.6,
                },
                {
                    "truth": "preview",
                    "verdicts": {"human": 0, "suspected": 0, "bot": 0, "preview": 0},
                    "precision": None,
                    "recall": None,
                },
            ],
        ),
    ]
