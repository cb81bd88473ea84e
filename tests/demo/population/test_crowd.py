"""Who is on the mailing list."""

from collections import Counter
from dataclasses import replace

from clicktrail.demo.population import scanners
from clicktrail.demo.population.crowd import Population
from clicktrail.demo.population.people import HOME_ACTORS, WORK_ACTORS
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import MessageLinks

SIZE = 500


def plan(crowd: Population, letter: MessageLinks) -> list[tuple[str, PlannedRequest]]:
    """Everything that everyone does with a letter, with the recipient."""
    return [
        (reader.address, request)
        for reader in crowd.recipients
        for _, request in crowd.plan(replace(letter, recipient=reader.address))
    ]


def test_the_same_seed_gives_the_same_crowd_and_the_same_plans(letter: MessageLinks) -> None:
    crowd, again = (Population(seed=3, recipient_count=SIZE, window_s=40) for _ in range(2))
    assert crowd.recipients == again.recipients
    assert plan(crowd, letter) == plan(again, letter)


def test_another_seed_gives_another_crowd() -> None:
    assert (
        Population(seed=1, recipient_count=SIZE, window_s=40).recipients
        != Population(seed=2, recipient_count=SIZE, window_s=40).recipients
    )


def test_the_list_is_as_long_as_asked_and_nobody_is_on_it_twice() -> None:
    readers = Population(seed=1, recipient_count=SIZE, window_s=40).recipients
    assert SIZE == len(readers) == len({reader.address for reader in readers})


def test_six_in_a_hundred_click_and_many_more_are_clicked_for(letter: MessageLinks) -> None:
    for seed in range(5):
        done = plan(Population(seed=seed, recipient_count=SIZE, window_s=40), letter)
        people = {recipient for recipient, request in done if request.is_human}
        anything = {recipient for recipient, request in done if request.method == "GET"}
        assert 30 == len(people)
        assert 0.33 <= len(anything) / SIZE <= 0.42


def test_every_kind_of_actor_is_there() -> None:
    everyone = {value.name for value in vars(scanners).values() if isinstance(value, Actor)}
    everyone |= {actor.name for actor in (*HOME_ACTORS, *WORK_ACTORS, *PREVIEWS)}
    present = Counter(
        name for names in Population(seed=1, recipient_count=SIZE, window_s=40).actor_names.values() for name in names
    )
    assert everyone == set(present)


def test_some_readers_have_a_person_and_a_scanner() -> None:
    actors = Population(seed=1, recipient_count=SIZE, window_s=40).actor_names.values()
    assert any(
        len(names) > 1 and any(name.startswith("person") for name in names) and "Defender, all at once" in names
        for names in actors
    )
