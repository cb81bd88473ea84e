import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.report import CampaignReport, ClickCounts, PeopleRange, UniqueClickers
from clicktrail.report.audited import AuditedCampaign, add_up_campaigns


def campaign(
    name: str = "spring", *, delivered: int = 10, clickers: int = 4, people: int | None = 1, at_most: int | None = None
) -> AuditedCampaign:
    return AuditedCampaign(
        campaign=name,
        delivered=delivered,
        clicks=ClickCounts(human=people or 0, bot=clickers - (people or 0)),
        clickers=clickers,
        people=people,
        people_at_most=at_most or people,
    )


def test_rates_are_a_range() -> None:
    row = campaign(at_most=2)
    assert (row.raw_rate, row.human_rate, row.human_rate_at_most) == (0.4, 0.1, 0.2)


@pytest.mark.parametrize("delivered", [0, 3])
def test_rates_are_unknown_with_fewer_deliveries_than_clickers(delivered: int) -> None:
    row = campaign(delivered=delivered)
    assert (row.raw_rate, row.human_rate, row.human_rate_at_most) == (None, None, None)


def test_rates_of_an_unknown_number_of_people_are_unknown() -> None:
    row = campaign(people=None)
    assert (row.raw_rate, row.human_rate, row.human_rate_at_most) == (0.4, None, None)


REPORT = CampaignReport(
    campaign="spring", accepted=5, clicks=ClickCounts(human=1, bot=3), unique=UniqueClickers(raw=2, human=1)
)


def test_people_of_a_report() -> None:
    row = AuditedCampaign.from_report(REPORT, PeopleRange(human=1, at_most=2))
    assert (row.people, row.people_at_most, row.delivered, row.delivered_basis) == (1, 2, 5, "accepted")


def test_people_without_evidence_are_unknown() -> None:
    row = AuditedCampaign.from_report(REPORT, has_evidence=False)
    assert (row.clickers, row.people, row.people_at_most) == (2, None, None)


def test_people_of_clicks_without_recipients_are_unknown() -> None:
    row = AuditedCampaign.from_report(CampaignReport(campaign="spring", clicks=ClickCounts(human=7)))
    assert (row.clickers, row.people) == (0, None)


def test_campaign_without_clicks_has_no_people() -> None:
    row = AuditedCampaign.from_report(CampaignReport(campaign="spring", accepted=5))
    assert (row.people, row.human_rate) == (0, 0.0)


def test_total_adds_up_campaigns_with_rates_and_people() -> None:
    known = campaign("a", at_most=2), campaign("b", delivered=20, clickers=10, people=3)
    total = add_up_campaigns([*known, campaign("c", delivered=0), campaign("d", people=None)])
    assert (total.campaigns, total.is_partial) == (("a", "b"), True)
    assert (total.counts.delivered, total.counts.clickers, total.counts.people, total.counts.people_at_most) == (
        30,
        14,
        4,
        5,
    )


@pytest.mark.parametrize(
    ("campaigns", "names"),
    [
        ([campaign("a", delivered=0), campaign("b", people=None)], ("a",)),
        ([campaign("a", delivered=0, people=None), campaign("b", people=None)], ("b",)),
        ([campaign("a", delivered=0, people=None), campaign("b", delivered=2, people=None)], ("a", "b")),
        ([campaign("unread", clickers=0, people=0), campaign("b", people=None)], ("unread", "b")),
        ([campaign("unread", clickers=0, people=0)], ("unread",)),
        ([], ()),
    ],
    ids=["people", "rates", "neither", "a campaign without clicks says little", "no clicks", "no campaigns"],
)
def test_total_adds_up_what_knows_most(campaigns: list[AuditedCampaign], names: tuple[str, ...]) -> None:
    total = add_up_campaigns(campaigns)
    assert (total.campaigns, total.campaign_count) == (names, len(campaigns))


def test_total_of_deliveries_that_are_fewer_than_clickers_has_no_rate() -> None:
    total = add_up_campaigns([campaign("a", delivered=2), campaign("b", delivered=0)])
    assert (total.counts.delivered, total.counts.raw_rate) == (0, None)


@given(
    st.lists(
        st.builds(
            campaign,
            st.text(max_size=2),
            delivered=st.integers(0, 9),
            clickers=st.integers(0, 9),
            people=st.none() | st.integers(0, 9),
        )
    )
)
def test_total_never_has_impossible_rates(campaigns: list[AuditedCampaign]) -> None:
    counts = add_up_campaigns(campaigns).counts
    assert counts.raw_rate is None or 0 <= counts.raw_rate <= 1
    assert counts.human_rate is None or counts.human_rate_at_most is not None
