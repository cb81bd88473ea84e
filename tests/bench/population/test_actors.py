import pytest

from bench.population.draws import Luck
from bench.population.plan import Actor, Kind, Letter, Page
from bench.population.rare_behaviour import AT_ONCE
from bench.population.scenarios import COMMON, UNSEEN

PEOPLE = {actor.name: actor for cast in (COMMON, UNSEEN) for actor in (*cast.at_home, *cast.at_work, AT_ONCE)}
MACHINES = {actor.name: actor for cast in (COMMON, UNSEEN) for actor in (*cast.scanners, *cast.strays, *cast.previews)}
SINGLE = Letter(campaign="autumn", company="north-quay", links=1, trap=False)
LONG = Letter(campaign="autumn", company="north-quay", links=12, trap=True)

people = pytest.mark.parametrize("actor", PEOPLE.values(), ids=PEOPLE.keys())
machines = pytest.mark.parametrize("actor", MACHINES.values(), ids=MACHINES.keys())
everybody = pytest.mark.parametrize("actor", (PEOPLE | MACHINES).values(), ids=(PEOPLE | MACHINES).keys())


@everybody
@pytest.mark.parametrize("letter", [SINGLE, LONG], ids=["single", "long"])
def test_links_are_those_of_the_letter(actor: Actor, letter: Letter) -> None:
    for world in range(20):
        links = {request.link for request in actor.plan(letter, Luck(world, "links"))}
        assert links
        assert links <= set(range(letter.links + letter.trap))


@everybody
def test_plans_repeat(actor: Actor) -> None:
    assert list(actor.plan(LONG, Luck(3, "again"))) == list(actor.plan(LONG, Luck(3, "again")))


@people
def test_a_person_is_told_from_the_machine_beside(actor: Actor) -> None:
    requests = [request for world in range(40) for request in actor.plan(LONG, Luck(world, "kinds"))]
    assert Kind.HUMAN in {request.kind for request in requests}
    assert {Page.UNSEEN} >= {request.page for request in requests if request.kind is not Kind.HUMAN}


@machines
def test_a_machine_is_no_person(actor: Actor) -> None:
    assert Kind.HUMAN not in {request.kind for world in range(40) for request in actor.plan(LONG, Luck(world, "kinds"))}


@people
def test_nobody_sees_a_hidden_link(actor: Actor) -> None:
    links = {request.link for world in range(40) for request in actor.plan(LONG, Luck(world, "trap"))}
    assert LONG.links not in links
