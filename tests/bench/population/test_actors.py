import pytest

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity
from bench.population.rare_behaviour import MEETING_ATTENDEE
from bench.population.scenarios import COMMON, UNSEEN

PEOPLE = {
    actor.name: actor for cast in (COMMON, UNSEEN) for actor in (*cast.home_actors, *cast.work_actors, MEETING_ATTENDEE)
}
MACHINES = {
    actor.name: actor for cast in (COMMON, UNSEEN) for actor in (*cast.scanners, *cast.stray_scanners, *cast.previews)
}
SINGLE = MessageContent(campaign="autumn", company="north-quay", link_count=1, has_trap=False)
LONG = MessageContent(campaign="autumn", company="north-quay", link_count=12, has_trap=True)

people = pytest.mark.parametrize("actor", PEOPLE.values(), ids=PEOPLE.keys())
machines = pytest.mark.parametrize("actor", MACHINES.values(), ids=MACHINES.keys())
everybody = pytest.mark.parametrize("actor", (PEOPLE | MACHINES).values(), ids=(PEOPLE | MACHINES).keys())


@everybody
@pytest.mark.parametrize("letter", [SINGLE, LONG], ids=["single", "long"])
def test_links_are_those_of_the_letter(actor: Actor, letter: MessageContent) -> None:
    for world in range(20):
        links = {request.link for request in actor.plan(letter, PerturbedRandom(world, "links"))}
        assert links
        assert links <= set(range(letter.link_count + letter.has_trap))


@everybody
def test_plans_repeat(actor: Actor) -> None:
    assert list(actor.plan(LONG, PerturbedRandom(3, "again"))) == list(actor.plan(LONG, PerturbedRandom(3, "again")))


@people
def test_a_person_is_told_from_the_machine_beside(actor: Actor) -> None:
    requests = [request for world in range(40) for request in actor.plan(LONG, PerturbedRandom(world, "kinds"))]
    assert ClickerKind.HUMAN in {request.kind for request in requests}
    assert {PageActivity.UNSEEN} >= {
        request.page_activity for request in requests if request.kind is not ClickerKind.HUMAN
    }


@machines
def test_a_machine_is_no_person(actor: Actor) -> None:
    assert ClickerKind.HUMAN not in {
        request.kind for world in range(40) for request in actor.plan(LONG, PerturbedRandom(world, "kinds"))
    }


@people
def test_nobody_sees_a_hidden_link(actor: Actor) -> None:
    links = {request.link for world in range(40) for request in actor.plan(LONG, PerturbedRandom(world, "trap"))}
    assert LONG.link_count not in links
