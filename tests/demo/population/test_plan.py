import asyncio
from dataclasses import replace

import pytest

from clicktrail.demo.population.plan import Actor, GroundTruth, PlannedRequest, RequestResult, execute_plan


def test_later_is_the_same_request_again() -> None:
    request = PlannedRequest(
        delay_s=2.0, url="http://127.0.0.1/a", ip="192.0.2.7", headers={"accept": "*/*"}, is_human=True
    )

    assert replace(request, delay_s=7.5) == request.repeat_after(5.5)


ACTOR = Actor(name="someone", plan=lambda _letter, _chance: iter(()))


def request(url: str, at: float) -> PlannedRequest:
    """Give a request for a URL."""
    return PlannedRequest(delay_s=at, url=url, ip="86.128.0.1", headers={})


async def test_requests_are_made_in_the_order_of_their_times() -> None:
    made: list[str] = []

    async def send(request: PlannedRequest) -> int:
        made.append(request.url)
        return 302

    plan = [(ACTOR, request("late", 0.05)), (ACTOR, request("early", 0.0))]
    now = asyncio.get_running_loop().time()
    answers = await execute_plan(plan, recipient="ada@a.example", delivered_at=now, send=send)
    assert ["early", "late"] == made
    assert {("late", 302), ("early", 302)} == {(answer.request.url, answer.status) for answer in answers}
    assert {("ada@a.example", "someone")} == {(answer.recipient, answer.actor) for answer in answers}


async def test_requests_of_the_same_moment_do_not_wait_for_each_other() -> None:
    together = asyncio.Barrier(5)

    async def send(_: PlannedRequest) -> int:
        await together.wait()
        return 200

    plan = [(ACTOR, request(str(number), 0.0)) for number in range(5)]
    now = asyncio.get_running_loop().time()
    answers = await execute_plan(plan, recipient="ada@a.example", delivered_at=now, send=send)
    assert 5 == len(answers)


async def test_what_is_late_is_made_at_once() -> None:
    async def send(_: PlannedRequest) -> int:
        return 0

    (answer,) = await execute_plan([(ACTOR, request("a", 1.0))], recipient="", delivered_at=-1e6, send=send)
    assert 0 == answer.status


def answer(*, recipient: str = "ada@a.example", human: bool = True, status: int = 302) -> RequestResult:
    """Give a request that was made."""
    request = PlannedRequest(delay_s=0, url="http://127.0.0.1/", ip="86.128.0.1", headers={}, is_human=human)
    return RequestResult(recipient=recipient, actor="someone" if human else "scanner", request=request, status=status)


def test_a_recipient_for_whom_a_person_clicked_is_a_clicker_once() -> None:
    truth = GroundTruth.from_results(
        [answer(), answer(), answer(human=False), answer(human=False, recipient="bo@b.example")]
    )
    assert {"ada@a.example"} == truth.clickers
    assert {"someone": 2, "scanner": 2} == truth.request_counts


@pytest.mark.parametrize("status", [0, 404, 500])
def test_who_did_not_arrive_did_not_click(status: int) -> None:
    assert frozenset() == GroundTruth.from_results([answer(status=status)]).clickers
