import pytest

from clicktrail.demo.population import scanners
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

SCANNERS = [value for value in vars(scanners).values() if isinstance(value, Actor)]
SEED_COUNT = 40


def plan_often(actor: Actor, message: MessageLinks) -> list[list[PlannedRequest]]:
    """The actor's plans with many seeds, in order of time."""
    return [
        sorted(actor.plan(message, SeededRandom(str(seed), window_s=40)), key=lambda request: request.delay_s)
        for seed in range(SEED_COUNT)
    ]


def duration_s(plan: list[PlannedRequest]) -> float:
    return plan[-1].delay_s - plan[0].delay_s


@pytest.mark.parametrize("actor", SCANNERS, ids=lambda actor: actor.name)
def test_scanner_requests_are_not_human(message: MessageLinks, actor: Actor) -> None:
    for plan in plan_often(actor, message):
        assert plan
        assert not any(request.is_human or request.loads_page for request in plan)
        assert plan[0].delay_s >= 0


@pytest.mark.parametrize("actor", [scanners.BARRACUDA_FIRST, scanners.DEFENDER_FIRST], ids=lambda actor: actor.name)
def test_first_link_scanners_request_only_the_first_link(message: MessageLinks, actor: Actor) -> None:
    assert {request.url for plan in plan_often(actor, message) for request in plan} == {message.html_links[0]}


@pytest.mark.parametrize(
    ("actor", "max_duration_s"),
    [(scanners.DEFENDER_BURST, 1.0), (scanners.TREND_MICRO, 0.03), (scanners.GATEWAY_SWEEP, 0.7)],
    ids=lambda value: value.name if isinstance(value, Actor) else "",
)
def test_burst_scanners_request_every_link_at_once(message: MessageLinks, actor: Actor, max_duration_s: float) -> None:
    for plan in plan_often(actor, message):
        assert set(message.html_links) <= {request.url for request in plan}
        assert len({request.ip for request in plan}) == 1
        assert duration_s(plan) <= max_duration_s


def test_defender_requests_a_damaged_url_first_in_some_plans(message: MessageLinks) -> None:
    damaged = [
        plan[0] for plan in plan_often(scanners.DEFENDER_BURST, message) if plan[0].url not in message.html_links
    ]
    assert 0 < len(damaged) < SEED_COUNT
    assert {request.url for request in damaged} == {f"{message.html_links[0]}%27/"}


def test_proofpoint_requests_six_of_ten_links_from_several_addresses(message: MessageLinks) -> None:
    for plan in plan_often(scanners.PROOFPOINT, message):
        assert round(0.6 * len(message.html_links)) == len(plan)
        assert len({request.ip for request in plan}) > 1


def test_cisco_sends_head_before_get(message: MessageLinks) -> None:
    for plan in plan_often(scanners.CISCO, message):
        for url in message.html_links:
            assert [request.method for request in plan if request.url == url] == ["HEAD", "GET"]


def test_head_checker_sends_only_head(message: MessageLinks) -> None:
    methods = {request.method for plan in plan_often(scanners.HEAD_CHECKER, message) for request in plan}
    assert methods == {"HEAD"}


def test_http_library_sends_its_own_user_agent(message: MessageLinks) -> None:
    for plan in plan_often(scanners.HTTP_LIBRARY, message):
        assert not any("Mozilla" in request.headers["user-agent"] for request in plan)


def test_residential_scanner_clicks_once_with_browser_headers(message: MessageLinks) -> None:
    for plan in plan_often(scanners.RESIDENTIAL_SCANNER, message):
        (request,) = plan
        assert {"accept-language", "sec-ch-ua", "sec-fetch-user"} <= request.headers.keys()
