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


def test_bounces_without_deliveries() -> None:
    assert [2, 0] == [
        CampaignReport(campaign="spring", accepted=3, bounced=1).delivered,
        CampaignReport(campaign="spring", accepted=1, bounced=2).delivered,
    ]


def test_json() -> None:
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
    assert {
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
        "gaps": ["klaviyo told no addresses: no click could be known by its network"],
    } == report_as_json(report)


def test_what_nobody_told_is_unknown_and_not_nothing() -> None:
    described: dict[str, Any] = report_as_json(
        CampaignReport(campaign="spring", accepted=5, unique=UniqueClickers(raw=3, human=1))
    )
    assert (None, {"raw": None, "human": None}) == (described["unique"]["engaged"], described["click_to_open"])


def test_more_clickers_than_messages_are_a_gap() -> None:
    assert ["3 recipients have clicks and 2 messages are known: rates are too high"] == [
        gap
        for delivered in (0, 2, 3)
        for gap in CampaignReport(campaign="spring", reported_deliveries=delivered, unique=UniqueClickers(raw=3)).gaps
    ]


def gaps(*esps: str, ip: str = "192.0.2.1", agent: str = "Mozilla/5.0") -> list[str]:
    """What is missing from one click by each of these."""
    sources = SourceCounter()
    for esp in esps:
        sources.add(replace(click(ip=ip, agent=agent), esp=esp))
    return sources.list_gaps()


def test_what_a_source_never_told_is_missing() -> None:
    assert [
        "klaviyo told no addresses: no click could be known by its network",
        "klaviyo told no User-Agents: no program could be known by its name",
    ] == gaps("klaviyo", ip="", agent="")


def test_postmark_tells_first_clicks_only() -> None:
    assert ["postmark tells only a recipient's first click on a link: a person after a scanner is missing"] == gaps(
        "postmark"
    )


def test_our_own_clicks_lack_nothing() -> None:
    assert [] == gaps("") + gaps()
