from clicktrail.judge.signals.base import expand_runs, run_duration_s
from tests.support.events import click


def test_expand_runs_gives_each_click_the_detail_of_its_run() -> None:
    first, second, other = click(1), click(2, link=1), click(60, link=2)
    assert expand_runs([((first, second), "two"), ((other,), "one")]) == {
        first.id: "two",
        second.id: "two",
        other.id: "one",
    }


def test_run_duration() -> None:
    assert run_duration_s((click(1), click(5, link=1), click(40, link=2))) == 39
