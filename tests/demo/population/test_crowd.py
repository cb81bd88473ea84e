"""Who is on the mailing list."""

from collections import Counter
from dataclasses import replace

from clicktrail.demo.population import scanners
from clicktrail.demo.population.crowd import Crowd
from clicktrail.demo.population.people import AT_HOME, AT_WORK
from clicktrail.demo.population.plan import Actor, Request
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import Letter

SIZE = 500


def plan(crowd: Crowd, letter: Letter) -> list[tuple[str, Request]]:
    """Everything that everyone does with a letter, with the recipient."""
    return [
        (reader.address, request)
        for reader in crowd.readers
        for _, request in crowd.plan(replace(letter, recipient=reader.address))
    ]


def test_the_same_seed_gives_the_same_crowd_and_the_same_plans(letter: Letter) -> None:
    crowd, again = (Crowd(seed=3, size=SIZE, window=40) for _ in range(2))
    assert crowd.readers == again.readers
    assert plan(crowd, letter) == plan(again, letter)


def test_another_seed_gives_another_crowd() -> None:
    assert Crowd(seed=1, size=SIZE, window=40).readers != Crowd(seed=2, size=SIZE, window=40).readers


def test_the_list_is_as_long_as_asked_and_nobody_is_on_it_twice() -> None:
    readers = Crowd(seed=1, size=SIZE, window=40).readers
    assert SIZE == len(readers) == len({reader.address for reader in readers})


def test_six_in_a_hundred_click_and_many_more_are_clicked_for(letter: Letter) -> None:
    for seed in range(5):
        done = plan(Crowd(seed=seed, size=SIZE, window=40), letter)
        people = {recipient for recipient, request in done if request.human}
        anything = {recipient for recipient, request in done if request.method == "GET"}
        assert 30 == len(people)
        assert 0.33 <= len(anything) / SIZE <= 0.42


def test_every_kind_of_actor_is_there() -> None:
    everyone = {value.name for value in vars(scanners).values() if isinstance(value, Actor)}
    everyone |= {actor.name for actor in (*AT_HOME, *AT_WORK, *PREVIEWS)}
    present = Counter(name for names in Crowd(seed=1, size=SIZE, window=40).actors.values() for name in names)
    assert everyone == set(present)


def test_some_readers_have_a_person_and_a_scanner() -> None:
    actors = Crowd(seed=1, size=SIZE, window=40).actors.values()
    assert any(
        len(names) > 1 and any(name.startswith("person") for name in names) and "Defender, all at once" in names
        for names in actors
    )
