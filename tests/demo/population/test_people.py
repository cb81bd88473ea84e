from itertools import pairwise

import pytest

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.people import HOME_ACTORS, WORK_ACTORS
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

ACTORS = {actor.name: actor for actor in (*HOME_ACTORS, *WORK_ACTORS)}
SEED_COUNT = 40


def plan_often(actor: Actor, message: MessageLinks) -> list[list[PlannedRequest]]:
    """The actor's plans with many seeds."""
    return [list(actor.plan(message, SeededRandom(str(seed), window_s=40))) for seed in range(SEED_COUNT)]


@pytest.mark.parametrize("name", ACTORS)
def test_person_sends_browser_requests_after_four_seconds(message: MessageLinks, name: str) -> None:
    for plan in plan_often(ACTORS[name], message):
        human_requests = [request for request in plan if request.is_human]
        assert human_requests
        for request in human_requests:
            assert request.delay_s >= 4
            assert request.url in message.content_links
            assert request.loads_page
            assert request.method == "GET"
            assert {"accept-language", "sec-fetch-mode", "user-agent"} <= request.headers.keys()


@pytest.mark.parametrize("name", sorted(ACTORS.keys() - {"person, forwards", "person, Safe Links"}))
def test_person_has_one_address_and_one_browser(message: MessageLinks, name: str) -> None:
    for plan in plan_often(ACTORS[name], message):
        assert len({(request.ip, request.headers["user-agent"]) for request in plan}) == 1


def test_first_click_is_within_the_window(message: MessageLinks) -> None:
    for actor in ACTORS.values():
        for plan in plan_often(actor, message):
            assert min(request.delay_s for request in plan) <= 40


def test_double_click_is_two_requests_within_half_a_second(message: MessageLinks) -> None:
    for plan in plan_often(ACTORS["person, double click"], message):
        for first, second in zip(plan[::2], plan[1::2], strict=True):
            assert first.url == second.url
            assert 0.08 <= second.delay_s - first.delay_s <= 0.4


def test_tab_opener_opens_four_to_eight_links_at_a_human_pace(message: MessageLinks) -> None:
    for plan in plan_often(ACTORS["person, opens tabs"], message):
        assert 4 <= len({request.url for request in plan}) == len(plan) <= 8
        assert all(later.delay_s - earlier.delay_s >= 0.7 for earlier, later in pairwise(plan))


def test_safe_links_requests_the_link_before_the_person(message: MessageLinks) -> None:
    for plan in plan_often(ACTORS["person, Safe Links"], message):
        for scan, click in zip(plan[::2], plan[1::2], strict=True):
            assert (scan.is_human, click.is_human) == (False, True)
            assert scan.url == click.url
            assert scan.delay_s < click.delay_s
            assert scan.ip != click.ip


def test_company_has_few_addresses(message: MessageLinks) -> None:
    ips = {request.ip for plan in plan_often(ACTORS["person, office"], message) for request in plan}
    assert 1 < len(ips) <= 6


def test_most_people_follow_one_link(message: MessageLinks) -> None:
    single_link_count = sum(
        len({request.url for request in plan}) == 1 for plan in plan_often(ACTORS["person, desktop"], message)
    )
    assert single_link_count > SEED_COUNT / 2
