"""How people follow links."""

from itertools import pairwise

import pytest

from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.people import AT_HOME, AT_WORK
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.received import Letter

EVERYONE = {actor.name: actor for actor in (*AT_HOME, *AT_WORK)}
TRIES = 40


def plans(actor: Actor, letter: Letter) -> list[list[Request]]:
    """What the actor does under many seeds."""
    return [list(actor.plan(letter, Chance(str(seed), window=40))) for seed in range(TRIES)]


@pytest.mark.parametrize("name", EVERYONE)
def test_nobody_is_faster_than_four_seconds(letter: Letter, name: str) -> None:
    for plan in plans(EVERYONE[name], letter):
        meant = [request for request in plan if request.human]
        assert meant
        for request in meant:
            assert request.at >= 4
            assert request.url in letter.inviting
            assert request.visits
            assert "GET" == request.method
            assert {"accept-language", "sec-fetch-mode", "user-agent"} <= request.headers.keys()


@pytest.mark.parametrize("name", sorted(EVERYONE.keys() - {"person, forwards", "person, Safe Links"}))
def test_a_person_has_one_address_and_one_browser(letter: Letter, name: str) -> None:
    for plan in plans(EVERYONE[name], letter):
        assert 1 == len({(request.ip, request.headers["user-agent"]) for request in plan})


def test_first_clicks_fall_into_the_window(letter: Letter) -> None:
    for actor in EVERYONE.values():
        for plan in plans(actor, letter):
            assert min(request.at for request in plan) <= 40


def test_a_double_click_is_two_requests_within_half_a_second(letter: Letter) -> None:
    for plan in plans(EVERYONE["person, double click"], letter):
        for first, second in zip(plan[::2], plan[1::2], strict=True):
            assert first.url == second.url
            assert 0.08 <= second.at - first.at <= 0.4


def test_a_tab_opener_opens_four_to_eight_links_at_a_hand_s_pace(letter: Letter) -> None:
    for plan in plans(EVERYONE["person, opens tabs"], letter):
        assert 4 <= len({request.url for request in plan}) == len(plan) <= 8
        assert all(later.at - earlier.at >= 0.7 for earlier, later in pairwise(plan))


def test_safe_links_asks_for_the_person_s_link_just_before_the_person(letter: Letter) -> None:
    for plan in plans(EVERYONE["person, Safe Links"], letter):
        for machine, person in zip(plan[::2], plan[1::2], strict=True):
            assert (False, True) == (machine.human, person.human)
            assert machine.url == person.url
            assert machine.at < person.at
            assert machine.ip != person.ip


def test_a_company_s_people_share_its_few_addresses(letter: Letter) -> None:
    ips = {request.ip for plan in plans(EVERYONE["person, office"], letter) for request in plan}
    assert 1 < len(ips) <= 6


def test_most_people_follow_one_link(letter: Letter) -> None:
    lone = sum(1 == len({request.url for request in plan}) for plan in plans(EVERYONE["person, desktop"], letter))
    assert lone > TRIES / 2
