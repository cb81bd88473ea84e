from typing import Any

from msgspec.structs import replace

from clicktrail.report import (
    CampaignReport,
    ClickCounts,
    LinkReport,
    ReasonCount,
    SourceCounter,
    SourceReport,
    UniqueClickers,
    report_as_json,
)
from tests.support.events import click


def test_deliveries_without_delivered_events_are_accepted_less_bounced() -> None:
    assert CampaignReport(campaign="spring", accepted=3, bounced=1).delivered == 2
    assert CampaignReport(campaign="spring", accepted=1, bounced=2).delivered == 0


def test_report_as_json() -> None:
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
    assert report_as_json(report) == {
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
        "gaps": ["clicks from klaviyo have no IP address, so signals about networks were not used"],
    }


def test_numbers_without_engagement_and_opens_are_null() -> None:
    json: dict[str, Any] = report_as_json(
        CampaignReport(campaign="spring", accepted=5, unique=UniqueClickers(raw=3, human=1))
    )
    assert (json["unique"]["engaged"], json["click_to_open"]) == (None, {"raw": None, "human": None})


def test_more_clickers_than_deliveries_are_a_gap() -> None:
    gaps = [
        gap
        for delivered in (0, 2, 3)
        for gap in CampaignReport(campaign="spring", reported_deliveries=delivered, unique=UniqueClickers(raw=3)).gaps
    ]
    assert gaps == ["3 recipients have clicks, but only 2 deliveries are known, so rates are too high"]


def list_gaps(*esps: str, ip: str = "192.0.2.1", agent: str = "Mozilla/5.0") -> list[str]:
    """The gaps of one click recorded by each ESP."""
    sources = SourceCounter()
    for esp in esps:
        sources.add(replace(click(ip=ip, agent=agent), esp=esp))
    return sources.list_gaps()


def test_source_without_ip_addresses_and_user_agents_has_gaps() -> None:
    assert list_gaps("klaviyo", ip="", agent="") == [
        "clicks from klaviyo have no IP address, so signals about networks were not used",
        "clicks from klaviyo have no User-Agent, so signals about programs were not used",
    ]


def test_postmark_reports_first_clicks_only() -> None:
    assert list_gaps("postmark") == [
        "postmark reports only a recipient's first click on a link, so people who clicked after a scanner are missing"
    ]


def test_own_clicks_have_no_gaps() -> None:
    assert list_gaps("") == list_gaps() == []
