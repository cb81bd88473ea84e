"""How people follow links."""

from itertools import pairwise

import pytest

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.people import HOME_ACTORS, WORK_ACTORS
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.received import MessageLinks

EVERYONE = {actor.name: actor for actor in (*HOME_ACTORS, *WORK_ACTORS)}
TRIES = 40


def plans(actor: Actor, letter: MessageLinks) -> list[list[PlannedRequest]]:
    """What the actor does under many seeds."""
    return [list(actor.plan(letter, SeededRandom(str(seed), window_s=40))) for seed in range(TRIES)]


@pytest.mark.parametrize("name", EVERYONE)
def test_nobody_is_faster_than_four_seconds(letter: MessageLinks, name: str) -> None:
    for plan in plans(EVERYONE[name], letter):
        meant = [request for request in plan if request.is_human]
        assert meant
        for request in meant:
            assert request.delay_s >= 4
            assert request.url in letter.content_links
            assert request.loads_page
            assert "GET" == request.method
            assert {"accept-language", "sec-fetch-mode", "user-agent"} <= request.headers.keys()


@pytest.mark.parametrize("name", sorted(EVERYONE.keys() - {"person, forwards", "person, Safe Links"}))
def test_a_person_has_one_address_and_one_browser(letter: MessageLinks, name: str) -> None:
    for plan in plans(EVERYONE[name], letter):
        assert 1 == len({(request.ip, request.headers["user-agent"]) for request in plan})


def test_first_clicks_fall_into_the_window(letter: MessageLinks) -> None:
    for actor in EVERYONE.values():
        for plan in plans(actor, letter):
            assert min(request.delay_s for request in plan) <= 40


def test_a_double_click_is_two_requests_within_half_a_second(letter: MessageLinks) -> None:
    for plan in plans(EVERYONE["person, double click"], letter):
        for first, second in zip(plan[::2], plan[1::2], strict=True):
            assert first.url == second.url
            assert 0.08 <= second.delay_s - first.delay_s <= 0.4


def test_a_tab_opener_opens_four_to_eight_links_at_a_hand_s_pace(letter: MessageLinks) -> None:
    for plan in plans(EVERYONE["person, opens tabs"], letter):
        assert 4 <= len({request.url for request in plan}) == len(plan) <= 8
        assert all(later.delay_s - earlier.delay_s >= 0.7 for earlier, later in pairwise(plan))


def test_safe_links_asks_for_the_person_s_link_just_before_the_person(letter: MessageLinks) -> None:
    for plan in plans(EVERYONE["person, Safe Links"], letter):
        for machine, person in zip(plan[::2], plan[1::2], strict=True):
            assert (False, True) == (machine.is_human, person.is_human)
            assert machine.url == person.url
            assert machine.delay_s < person.delay_s
            assert machine.ip != person.ip


def test_a_company_s_people_share_its_few_addresses(letter: MessageLinks) -> None:
    ips = {request.ip for plan in plans(EVERYONE["person, office"], letter) for request in plan}
    assert 1 < len(ips) <= 6


def test_most_people_follow_one_link(letter: MessageLinks) -> None:
    lone = sum(1 == len({request.url for request in plan}) for plan in plans(EVERYONE["person, desktop"], letter))
    assert lone > TRIES / 2
