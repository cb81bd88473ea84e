from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.evidence import MessageEvidence
from clicktrail.judge.grouping import find_link_runs, find_runs, group_by, link_key, network_key
from clicktrail.model.event import Click
from tests.support.events import AZURE_IP, CONTEXT, HOME_IP, click, sweep, timeline


def test_group_by_keeps_order_and_leaves_out_none() -> None:
    assert group_by(["a1", "b1", "?", "a2"], lambda text: text[0].strip("?") or None) == {
        "a": ["a1", "a2"],
        "b": ["b1"],
    }


def test_overlapping_windows_are_one_run() -> None:
    clicks = sweep(0, links=6, gap=0.5)
    assert list(find_runs(clicks, key=link_key, min_distinct=3, window_s=1)) == [clicks]


def test_separate_windows_are_two_runs() -> None:
    first, second = sweep(0, links=3, gap=0.1), sweep(60, links=4, gap=0.1)
    assert list(find_runs([*first, *second], key=link_key, min_distinct=3, window_s=1)) == [first, second]


def test_window_includes_its_ends() -> None:
    clicks = sweep(0, links=3, gap=0.5)
    assert list(find_runs(clicks, key=link_key, min_distinct=3, window_s=1)) == [clicks]


def test_no_clicks() -> None:
    assert list(find_runs([], key=link_key, min_distinct=3, window_s=1)) == []


def test_link_key() -> None:
    assert [link_key(click(link=4)), link_key(replace(click(link=4), link=-1))] == [4, "https://shop.example/4"]


timed_links = st.tuples(st.integers(0, 80).map(lambda tenths: tenths / 10), st.integers(0, 5))


@given(drawn=st.lists(timed_links, max_size=25), links=st.integers(1, 4))
def test_runs_hold_the_clicks_of_all_windows(drawn: list[tuple[float, int]], links: int) -> None:
    clicks = [click(seconds, link=link, id=str(number)) for number, (seconds, link) in enumerate(sorted(drawn))]
    in_runs = [click_.id for run in find_runs(clicks, key=link_key, min_distinct=links, window_s=1) for click_ in run]
    assert [click_.id for click_ in clicks if is_in_a_window(click_, clicks, links=links)] == in_runs


def is_in_a_window(click_: Click, clicks: list[Click], *, links: int) -> bool:
    """Whether a window of one second holds this click and enough different links."""
    windows = ([other for other in clicks if 0 <= (other.at - start.at).total_seconds() <= 1] for start in clicks)
    return any(click_ in window and len({other.link for other in window}) >= links for window in windows)


def test_network_key() -> None:
    clicks = [
        click(1, ip=AZURE_IP),
        click(2, ip="192.0.2.10"),
        click(3, ip="2001:db8:1:2::3"),
        click(4, ip="10.0.0.1"),
        click(5, ip=""),
    ]
    evidence = MessageEvidence.from_timeline(timeline(*clicks), CONTEXT)
    assert [network_key(evidence, click_) for click_ in evidence.clicks] == [
        "Microsoft",
        "192.0.2.0/24",
        "2001:db8:1::/48",
        "",
        "",
    ]


addresses = st.sampled_from([HOME_IP, AZURE_IP, "40.94.16.99", "198.51.100.1", ""])
clicks = st.lists(
    st.builds(
        lambda tenths, link, ip, agent: click(tenths / 10, link=link, ip=ip, agent=agent),
        st.integers(0, 40),
        st.integers(0, 6),
        addresses,
        st.sampled_from(["one", "another"]),
    ),
    max_size=20,
    unique_by=lambda click_: click_.id,
)


@given(clicks)
def test_link_runs_do_not_overlap(drawn: list[Click]) -> None:
    evidence = MessageEvidence.from_timeline(timeline(*drawn), CONTEXT)
    runs = list(find_link_runs(evidence, evidence.regular_clicks, min_links=3, window_s=1))
    ids = [click_.id for run in runs for click_ in run]
    assert sorted(set(ids)) == sorted(ids)
    assert all(
        len({click_.link for click_ in run}) >= 3 and list(run) == sorted(run, key=lambda click_: click_.at)
        for run in runs
    )
