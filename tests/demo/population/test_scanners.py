"""How security products follow links."""

import pytest

from clicktrail.demo.population import scanners
from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

ALL = [value for value in vars(scanners).values() if isinstance(value, Actor)]
TRIES = 40


def plans(actor: Actor, letter: MessageLinks) -> list[list[PlannedRequest]]:
    """What the actor does under many seeds, in order of time."""
    return [
        sorted(actor.plan(letter, SeededRandom(str(seed), window_s=40)), key=lambda request: request.delay_s)
        for seed in range(TRIES)
    ]


def duration(plan: list[PlannedRequest]) -> float:
    """How long it takes from first to last."""
    return plan[-1].delay_s - plan[0].delay_s


@pytest.mark.parametrize("actor", ALL, ids=lambda actor: actor.name)
def test_no_scanner_is_a_person(letter: MessageLinks, actor: Actor) -> None:
    for plan in plans(actor, letter):
        assert plan
        assert not any(request.is_human or request.loads_page for request in plan)
        assert plan[0].delay_s >= 0


@pytest.mark.parametrize("actor", [scanners.BARRACUDA_FIRST, scanners.DEFENDER_FIRST], ids=lambda actor: actor.name)
def test_some_ask_for_the_first_link_only(letter: MessageLinks, actor: Actor) -> None:
    assert {letter.html_links[0]} == {request.url for plan in plans(actor, letter) for request in plan}


@pytest.mark.parametrize(
    ("actor", "seconds"),
    [(scanners.DEFENDER_BURST, 1.0), (scanners.TREND_MICRO, 0.03), (scanners.GATEWAY_SWEEP, 0.7)],
    ids=lambda value: value.name if isinstance(value, Actor) else "",
)
def test_some_ask_for_every_link_at_once(letter: MessageLinks, actor: Actor, seconds: float) -> None:
    for plan in plans(actor, letter):
        assert set(letter.html_links) <= {request.url for request in plan}
        assert 1 == len({request.ip for request in plan})
        assert duration(plan) <= seconds


def test_defender_tries_a_damaged_url_first_every_other_time(letter: MessageLinks) -> None:
    damaged = [plan[0] for plan in plans(scanners.DEFENDER_BURST, letter) if plan[0].url not in letter.html_links]
    assert 0 < len(damaged) < TRIES
    assert {f"{letter.html_links[0]}%27/"} == {request.url for request in damaged}


def test_proofpoint_takes_six_of_ten_links_from_many_places(letter: MessageLinks) -> None:
    for plan in plans(scanners.PROOFPOINT, letter):
        assert round(0.6 * len(letter.html_links)) == len(plan)
        assert len({request.ip for request in plan}) > 1


def test_cisco_asks_for_the_head_before_the_body(letter: MessageLinks) -> None:
    for plan in plans(scanners.CISCO, letter):
        for url in letter.html_links:
            assert ["HEAD", "GET"] == [request.method for request in plan if request.url == url]


def test_a_head_checker_never_asks_for_a_body(letter: MessageLinks) -> None:
    assert {"HEAD"} == {request.method for plan in plans(scanners.HEAD_CHECKER, letter) for request in plan}


def test_a_script_says_what_it_is(letter: MessageLinks) -> None:
    for plan in plans(scanners.HTTP_LIBRARY, letter):
        assert not any("Mozilla" in request.headers["user-agent"] for request in plan)


def test_a_scanner_on_a_home_line_clicks_once(letter: MessageLinks) -> None:
    for plan in plans(scanners.RESIDENTIAL_SCANNER, letter):
        (request,) = plan
        assert {"accept-language", "sec-ch-ua", "sec-fetch-user"} <= request.headers.keys()
