from datetime import timedelta

import pytest

from clicktrail.judge.states import State, state_after


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(seconds=-1), State.PROVISIONAL),
        (timedelta(minutes=29, seconds=59), State.PROVISIONAL),
        (timedelta(minutes=30), State.SETTLED),
        (timedelta(hours=71, minutes=59), State.SETTLED),
        (timedelta(hours=72), State.FINAL),
    ],
)
def test_states_follow_the_age(age: timedelta, state: State) -> None:
    """Half an hour settles a verdict, three days make it final; a clock that is behind changes nothing."""
    assert state == state_after(age)
