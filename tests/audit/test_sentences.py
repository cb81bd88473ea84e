import pytest

from clicktrail.audit.plausibility import CampaignFacts
from clicktrail.audit.sentences import describe_campaigns, describe_total, suggest_next_steps
from clicktrail.report import ClickCounts
from clicktrail.report.audited import AuditedCampaign, add_up_campaigns
from clicktrail.report.link_totals import LinkName, LinkTotal, LinkTotals
from clicktrail.report.scanners import ScannerReport

PARTLY = " (in 1 of 2 campaigns; the notes say why)."


def campaign(
    name: str = "spring", *, delivered: int = 1_000, clickers: int = 431, people: int | None = 52, at_most: int = 0
) -> AuditedCampaign:
    return AuditedCampaign(
        campaign=name,
        delivered=delivered,
        clicks=ClickCounts(human=people or 0, bot=clickers - (people or 0)),
        clickers=clickers,
        people=people,
        people_at_most=None if people is None else max(at_most, people),
    )


WITHOUT_RECIPIENTS = AuditedCampaign(campaign="spring", delivered=9, clicks=ClickCounts(human=3, bot=1))


@pytest.mark.parametrize(
    ("campaigns", "sentence"),
    [
        ([campaign(at_most=56)], "Your ESP counts 43.1%; people clicked 5.2%, at most 5.6%."),
        ([campaign()], "Your ESP counts 43.1%; people clicked 5.2%."),
        (
            [campaign(), campaign("b", delivered=0)],
            f"Your ESP counts 43.1%; people clicked 5.2%{PARTLY}",
        ),
        (
            [campaign(delivered=0, at_most=56)],
            "Your ESP counts 431 clickers; 52, at most 56 are people, and click rates are unknown.",
        ),
        (
            [campaign(delivered=3, clickers=4, people=1)],
            "Your ESP counts 4 clickers; 1 is a person, and click rates are unknown.",
        ),
        ([campaign(people=None)], "Your ESP counts 43.1%; how many of these are people is unknown."),
        (
            [campaign(people=None, delivered=0)],
            "Your ESP counts 431 clickers; how many of them are people is unknown, and so are click rates.",
        ),
        (
            [WITHOUT_RECIPIENTS],
            "Your ESP counts 4 clicks, 3 of them human; they name no recipients, so the number of people is unknown.",
        ),
        ([campaign(clickers=0, people=0)], "No one clicked: 1,000 messages delivered."),
        ([campaign(delivered=0, clickers=0, people=0)], "No one clicked, and no deliveries are known."),
        ([], "The files contain no message of a campaign."),
    ],
)
def test_first_sentence(campaigns: list[AuditedCampaign], sentence: str) -> None:
    assert describe_total(add_up_campaigns(campaigns)) == sentence


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (campaign(people=None), "clicks of spring have neither addresses nor agents"),
        (campaign("", delivered=0), "no deliveries of (none) are known, so click rates are unknown"),
        (campaign(delivered=3), "431 recipients of spring have clicks, but the number of known deliveries is 3"),
        (WITHOUT_RECIPIENTS, "clicks of spring name no recipients, so the number of people is unknown"),
    ],
)
def test_what_is_unknown_is_explained(row: AuditedCampaign, note: str) -> None:
    assert [text for text in describe_campaigns([row], CampaignFacts()) if text.startswith(note)] != []


def test_long_lists_of_campaigns_are_shortened() -> None:
    rows = [campaign(f"c{number}", delivered=0) for number in range(7)]
    (note,) = describe_campaigns(rows, CampaignFacts())
    assert note == "no deliveries of c0, c1, c2, c3, c4 and 2 more are known, so click rates are unknown"


def suggest(*campaigns: AuditedCampaign, links: LinkTotals | None = None, companies: int = 0) -> str:
    scanner = ScannerReport(
        vendor="Barracuda", product="gateway", clicks=1, recipients=1, companies=companies, clickers=1, rate=None
    )
    total = add_up_campaigns(campaigns)
    return "\n".join(suggest_next_steps(total, campaigns, [scanner], links or LinkTotals()))


def test_clicks_of_programs_are_not_decided_by() -> None:
    steps = suggest(campaign(at_most=56), companies=3)
    assert "375 to 379 of 431 clickers that your ESP counts are programs" in steps
    assert "Start no follow-up" in steps
    assert "4 clickers may be people" in steps


def test_rates_without_programs_can_be_used() -> None:
    steps = suggest(campaign(clickers=60, people=52))
    assert "its click rate can be used" in steps
    assert "programs" not in steps


def test_missing_data_is_asked_for() -> None:
    assert "IP addresses and User-Agents" in suggest(campaign(people=None))
    assert "Add the delivered events" in suggest(campaign(delivered=0))


def test_unsubscribe_links_that_programs_followed() -> None:
    row = LinkTotal(name=LinkName("u", is_unsubscribe=True), clicks=ClickCounts(human=1, bot=1))
    steps = suggest(campaign(), links=LinkTotals(unsubscribe=(row,)))
    assert "programs followed unsubscribe links 1 time." in steps


def test_nothing_is_suggested_without_clicks() -> None:
    assert suggest(campaign(clickers=0, people=0)) == ""
