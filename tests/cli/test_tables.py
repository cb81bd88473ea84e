from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail.cli.tables import print_campaign, print_campaigns
from clicktrail.report import CampaignReport, ClickCounts, ClickFilter, LinkReport, ReasonCount, UniqueClickers
from clicktrail.server.api import schemas

DATA = Path("data")
SPRING = schemas.Campaign.from_report(
    CampaignReport(
        campaign="spring",
        accepted=200,
        clicks=ClickCounts(human=11, suspected=3, bot=70, preview=1),
        unique=UniqueClickers(raw=50, human=10),
        links=(
            LinkReport(
                position=0,
                url="https://example.com/boots",
                clicks=ClickCounts(human=11, suspected=3, bot=70, preview=1),
                unique=UniqueClickers(raw=50, human=10),
            ),
        ),
        reasons=(ReasonCount(signal="burst", clicks=66),),
    )
)


def printed(captured: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The words of each line on standard output."""
    return [line.split() for line in captured.readouterr().out.splitlines()]


def test_campaigns_are_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaigns([SPRING], data=DATA)

    assert ["spring", "200", "85", "11", "3", "70", "1", "50", "10", "25.0%", "5.0%"] == printed(capsys)[1]


def test_missing_campaigns_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaigns([], data=DATA)

    assert f"No campaigns yet in {DATA}: nothing has been sent through its relay.\n" == capsys.readouterr().out


def test_campaign_is_shown_by_link_and_signal(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaign(SPRING)

    lines = printed(capsys)
    assert ["spring:", "25.0%", "raw", "click", "rate,", "5.0%", "without", "scanners"] == lines[0]
    assert "200 messages delivered: accepted by the next hop, minus bounces." == " ".join(lines[1])
    assert ["0", "https://example.com/boots", "85", "11", "3", "70", "1", "50", "10"] in lines
    assert ["burst", "66", "89.2%"] == lines[-1]


def test_engaged_clickers_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaign(SPRING)
    assert "landing page" not in capsys.readouterr().out

    print_campaign(replace(SPRING, unique=schemas.UniqueClickers(raw=50, human=10, engaged=7)))
    assert "Clickers who pressed, typed or scrolled on a landing page: 7.\n" in capsys.readouterr().out


def test_campaign_without_a_name_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaigns([replace(SPRING, campaign="")], data=DATA)

    assert "(none)" == printed(capsys)[1][0]


FILTERED = replace(
    SPRING,
    filters=[
        schemas.FilterResult(filter=ClickFilter.TIME, clicks=80, unique=45, click_rate=0.225),
        schemas.FilterResult(filter=ClickFilter.ENGAGED, clicks=None, unique=None, click_rate=None),
    ],
)


def test_filters_of_a_campaign_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaign(FILTERED)

    assert [
        ["none", "(raw)", "85", "50", "25.0%"],
        ["time", "alone", "80", "45", "22.5%"],
        ["engaged", "alone", "unknown", "unknown", "unknown"],
        ["clicktrail", "11", "10", "5.0%"],
    ] == printed(capsys)[5:9]


def test_filters_of_all_campaigns_are_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaigns([FILTERED], data=DATA)

    assert ["spring", "25.0%", "22.5%", "unknown", "5.0%"] == printed(capsys)[-1]


def test_click_to_open_rate_and_gaps_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_campaign(SPRING)
    before = capsys.readouterr().out
    assert "Click-to-open" not in before
    assert "Note:" not in before

    rate = schemas.ClickToOpenRate(raw=0.625, human=0.125)
    print_campaign(replace(SPRING, opened=80, click_to_open=rate, gaps=["no IP address"]))
    after = capsys.readouterr().out
    assert "Click-to-open rate: 62.5% raw, 12.5% human. Messages opened, also by mail programs' proxies: 80." in after
    assert "Note: no IP address.\n" in after


def test_narrow_terminal_shows_only_human_clicks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    print_campaigns([replace(SPRING, campaign="2026-11_winter")], data=DATA)
    print_campaign(SPRING)

    lines = printed(capsys)
    assert ["2026-11_winter", "200", "85", "11", "50", "10", "25.0%", "5.0%"] == lines[1]
    assert ["85", "11", "3", "70", "1", "50", "10"] in lines
    assert ["0", "https://example.com/boots", "85", "11", "50", "10"] in lines
