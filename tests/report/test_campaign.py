from msgspec.structs import replace

from clicktrail.report import (
    CampaignReport,
    SourceCounter,
    UniqueClickers,
)
from tests.support.events import click


def test_deliveries_without_delivered_events_are_accepted_less_bounced() -> None:
    assert CampaignReport(campaign="spring", accepted=3, bounced=1).delivered == 2
    assert CampaignReport(campaign="spring", accepted=1, bounced=2).delivered == 0


def test_click_to_open_rate_without_opens_is_unknown() -> None:
    report = CampaignReport(campaign="spring", accepted=5, unique=UniqueClickers(raw=3, human=1))
    assert (report.click_to_open_raw, report.click_to_open_human) == (None, None)


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
