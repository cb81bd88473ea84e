import asyncio
from dataclasses import replace

import pytest

from clicktrail.demo.population.plan import Actor, GroundTruth, PlannedRequest, RequestResult, execute_plan

ACTOR = Actor(name="someone", plan=lambda _message, _rng: iter(()))


def build_request(url: str, *, delay_s: float) -> PlannedRequest:
    return PlannedRequest(delay_s=delay_s, url=url, ip="86.128.0.1", headers={})


def test_repeated_request_differs_only_in_delay() -> None:
    request = PlannedRequest(
        delay_s=2.0, url="http://127.0.0.1/a", ip="192.0.2.7", headers={"accept": "*/*"}, is_human=True
    )
    assert request.repeat_after(5.5) == replace(request, delay_s=7.5)


async def test_requests_are_sent_in_order_of_their_delays() -> None:
    sent_urls: list[str] = []

    async def send(request: PlannedRequest) -> int:
        sent_urls.append(request.url)
        return 302

    plan = [(ACTOR, build_request("late", delay_s=0.05)), (ACTOR, build_request("early", delay_s=0.0))]
    now = asyncio.get_running_loop().time()
    results = await execute_plan(plan, recipient="ada@a.example", delivered_at=now, send=send)
    assert sent_urls == ["early", "late"]
    assert {(result.request.url, result.status) for result in results} == {("late", 302), ("early", 302)}
    assert {(result.recipient, result.actor) for result in results} == {("ada@a.example", "someone")}


async def test_simultaneous_requests_do_not_wait_for_each_other() -> None:
    all_sent = asyncio.Barrier(5)

    async def send(_: PlannedRequest) -> int:
        await all_sent.wait()
        return 200

    plan = [(ACTOR, build_request(str(number), delay_s=0.0)) for number in range(5)]
    now = asyncio.get_running_loop().time()
    results = await execute_plan(plan, recipient="ada@a.example", delivered_at=now, send=send)
    assert len(results) == 5


async def test_late_request_is_sent_at_once() -> None:
    async def send(_: PlannedRequest) -> int:
        return 0

    plan = [(ACTOR, build_request("a", delay_s=1.0))]
    (result,) = await execute_plan(plan, recipient="", delivered_at=-1e6, send=send)
    assert result.status == 0


def build_result(*, recipient: str = "ada@a.example", is_human: bool = True, status: int = 302) -> RequestResult:
    request = PlannedRequest(delay_s=0, url="http://127.0.0.1/", ip="86.128.0.1", headers={}, is_human=is_human)
    return RequestResult(
        recipient=recipient, actor="someone" if is_human else "scanner", request=request, status=status
    )


def test_clickers_are_recipients_with_a_human_click() -> None:
    truth = GroundTruth.from_results(
        [
            build_result(),
            build_result(),
            build_result(is_human=False),
            build_result(is_human=False, recipient="bo@b.example"),
        ]
    )
    assert truth.clickers == {"ada@a.example"}
    assert truth.request_counts == {"someone": 2, "scanner": 2}


@pytest.mark.parametrize("status", [0, 404, 500])
def test_failed_request_is_no_click(status: int) -> None:
    assert GroundTruth.from_results([build_result(status=status)]).clickers == frozenset()
