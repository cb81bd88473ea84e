import pytest

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity
from bench.population.rare_behaviour import MEETING_ATTENDEE
from bench.population.scenarios import COMMON, LIFELIKE, UNSEEN

PEOPLE = {
    actor.name: actor
    for scenario in (COMMON, UNSEEN, LIFELIKE)
    for actor in (*scenario.home_actors, *scenario.work_actors, MEETING_ATTENDEE)
}
PROGRAMS = {
    actor.name: actor
    for scenario in (COMMON, UNSEEN, LIFELIKE)
    for actor in (*scenario.scanners, *scenario.stray_scanners, *scenario.previews)
}
SINGLE = MessageContent(campaign="autumn", company="north-quay", link_count=1, has_trap=False)
LONG = MessageContent(campaign="autumn", company="north-quay", link_count=12, has_trap=True)

people = pytest.mark.parametrize("actor", PEOPLE.values(), ids=PEOPLE.keys())
programs = pytest.mark.parametrize("actor", PROGRAMS.values(), ids=PROGRAMS.keys())
all_actors = pytest.mark.parametrize("actor", (PEOPLE | PROGRAMS).values(), ids=(PEOPLE | PROGRAMS).keys())


@all_actors
@pytest.mark.parametrize("content", [SINGLE, LONG], ids=["single", "long"])
def test_links_are_in_the_message(actor: Actor, content: MessageContent) -> None:
    for seed in range(20):
        links = {request.link for request in actor.plan(content, PerturbedRandom(seed, "links"))}
        assert links
        assert links <= set(range(content.link_count + content.has_trap))


@all_actors
def test_plan_is_reproducible(actor: Actor) -> None:
    assert list(actor.plan(LONG, PerturbedRandom(3, "again"))) == list(actor.plan(LONG, PerturbedRandom(3, "again")))


@people
def test_only_requests_of_people_have_page_activity(actor: Actor) -> None:
    requests = [request for seed in range(40) for request in actor.plan(LONG, PerturbedRandom(seed, "kinds"))]
    assert ClickerKind.HUMAN in {request.kind for request in requests}
    other_requests = [request for request in requests if request.kind is not ClickerKind.HUMAN]
    assert all(request.page_activity is PageActivity.UNSEEN for request in other_requests)


@programs
def test_requests_of_programs_are_not_human(actor: Actor) -> None:
    assert ClickerKind.HUMAN not in {
        request.kind for seed in range(40) for request in actor.plan(LONG, PerturbedRandom(seed, "kinds"))
    }


@people
def test_people_do_not_follow_the_hidden_link(actor: Actor) -> None:
    links = {request.link for seed in range(40) for request in actor.plan(LONG, PerturbedRandom(seed, "trap"))}
    assert LONG.link_count not in links
