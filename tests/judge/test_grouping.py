from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.grouping import find_link_runs, find_runs, group_by, link_key, network_key
from clicktrail.model.event import Click
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, sweep, timeline


def test_groups_keep_their_order_and_leave_out_what_says_nothing() -> None:
    assert {"a": ["a1", "a2"], "b": ["b1"]} == group_by(
        ["a1", "b1", "?", "a2"], lambda text: text[0].strip("?") or None
    )


def test_windows_that_share_a_click_are_one_run() -> None:
    clicks = sweep(0, links=6, gap=0.5)
    assert [clicks] == list(find_runs(clicks, key=link_key, min_distinct=3, window_s=1))


def test_windows_apart_are_two_runs() -> None:
    first, second = sweep(0, links=3, gap=0.1), sweep(60, links=4, gap=0.1)
    assert [first, second] == list(find_runs([*first, *second], key=link_key, min_distinct=3, window_s=1))


def test_the_window_is_closed() -> None:
    clicks = sweep(0, links=3, gap=0.5)
    assert [clicks] == list(find_runs(clicks, key=link_key, min_distinct=3, window_s=1))


def test_nothing_clicked() -> None:
    assert [] == list(find_runs([], key=link_key, min_distinct=3, window_s=1))


def test_link_of() -> None:
    assert [4, "https://shop.example/4"] == [link_key(click(link=4)), link_key(replace(click(link=4), link=-1))]


moments = st.tuples(st.integers(0, 80).map(lambda tenths: tenths / 10), st.integers(0, 5))


@given(found=st.lists(moments, max_size=25), links=st.integers(1, 4))
def test_agrees_with_the_definition(found: list[tuple[float, int]], links: int) -> None:
    clicks = [click(seconds, link=link, id=str(number)) for number, (seconds, link) in enumerate(sorted(found))]
    in_runs = [one.id for run in find_runs(clicks, key=link_key, min_distinct=links, window_s=1) for one in run]
    assert [one.id for one in clicks if in_some_window(one, clicks, links=links)] == in_runs


def in_some_window(one: Click, clicks: list[Click], *, links: int) -> bool:
    """Whether a second that starts at some click holds this one and enough different links."""
    windows = ([other for other in clicks if 0 <= (other.at - start.at).total_seconds() <= 1] for start in clicks)
    return any(one in window and len({other.link for other in window}) >= links for window in windows)


def test_neighbourhood() -> None:
    clicks = [
        click(1, ip=AZURE_IP),
        click(2, ip="192.0.2.10"),
        click(3, ip="2001:db8:1:2::3"),
        click(4, ip="10.0.0.1"),
        click(5, ip=""),
    ]
    case = MessageEvidence.from_timeline(timeline(*clicks), CONTEXT)
    assert ["Microsoft", "192.0.2.0/24", "2001:db8:1::/48", "", ""] == [network_key(case, one) for one in case.clicks]


places = st.sampled_from([HOME_IP, AZURE_IP, "40.94.16.99", "198.51.100.1", ""])
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
    case = MessageEvidence.from_timeline(timeline(*found), CONTEXT)
    runs = list(find_link_runs(case, case.followed_clicks, min_links=3, window_s=1))
    ids = [one.id for run in runs for one in run]
    assert sorted(set(ids)) == sorted(ids)
    assert all(len({one.link for one in run}) >= 3 and list(run) == sorted(run, key=lambda one: one.at) for run in runs)
