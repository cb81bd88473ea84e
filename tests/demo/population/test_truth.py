"""The truth."""

import pytest

from clicktrail.demo.population.request import Request
from clicktrail.demo.population.truth import Answer, Truth


def answer(*, recipient: str = "ada@a.example", human: bool = True, status: int = 302) -> Answer:
    """Give a request that was made."""
    request = Request(at=0, url="http://127.0.0.1/", ip="86.128.0.1", headers={}, human=human)
    return Answer(recipient=recipient, actor="someone" if human else "scanner", request=request, status=status)


def test_a_recipient_for_whom_a_person_clicked_is_a_clicker_once() -> None:
    """However often, and whatever machines did beside."""
    truth = Truth.of([answer(), answer(), answer(human=False), answer(human=False, recipient="bo@b.example")])
    assert {"ada@a.example"} == truth.clickers
    assert {"someone": 2, "scanner": 2} == truth.requests


@pytest.mark.parametrize("status", [0, 404, 500])
def test_who_did_not_arrive_did_not_click(status: int) -> None:
    """A link that does not work has no clickers."""
    assert frozenset() == Truth.of([answer(status=status)]).clickers
