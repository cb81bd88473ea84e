from hypothesis import given
from hypothesis import strategies as st

from clicktrail.judge.case import Case
from clicktrail.judge.sources import neighbourhood, sweeps
from clicktrail.model.event import Click
from tests.clicks import AZURE, CONTEXT, HOME, click, timeline


def test_neighbourhood() -> None:
    """An organisation, else the network around an address, else nothing."""
    clicks = [
        click(1, ip=AZURE),
        click(2, ip="192.0.2.10"),
        click(3, ip="2001:db8:1:2::3"),
        click(4, ip="10.0.0.1"),
        click(5, ip=""),
    ]
    case = Case.of(timeline(*clicks), CONTEXT)
    assert ["Microsoft", "192.0.2.0/24", "2001:db8:1::/48", "", ""] == [neighbourhood(case, one) for one in case.clicks]


places = st.sampled_from([HOME, AZURE, "40.94.16.99", "198.51.100.1", ""])
clicks = st.lists(
    st.builds(
        lambda tenths, link, ip, agent: click(tenths / 10, link=link, ip=ip, agent=agent),
        st.integers(0, 40),
        st.integers(0, 6),
        places,
        st.sampled_from(["one", "another"]),
    ),
    max_size=20,
    unique_by=lambda one: one.id,
)


@given(clicks)
def test_nobody_is_in_two_sweeps(found: list[Click]) -> None:
    """Each click belongs to one run at most, each run has its links in the order of time, and all are of the case."""
    case = Case.of(timeline(*found), CONTEXT)
    runs = list(sweeps(case, case.followed, links=3, seconds=1))
    ids = [one.id for run in runs for one in run]
    assert sorted(set(ids)) == sorted(ids)
    assert all(len({one.link for one in run}) >= 3 and list(run) == sorted(run, key=lambda one: one.at) for run in runs)
