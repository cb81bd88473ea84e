from dataclasses import replace

from clicktrail.demo.population import scanners
from clicktrail.demo.population.crowd import Population
from clicktrail.demo.population.people import HOME_ACTORS, WORK_ACTORS
from clicktrail.demo.population.plan import Actor, PlannedRequest
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import MessageLinks

RECIPIENT_COUNT = 500


def plan_all(population: Population, message: MessageLinks) -> list[tuple[str, PlannedRequest]]:
    """All requests, each with its recipient."""
    return [
        (recipient.address, request)
        for recipient in population.recipients
        for _, request in population.plan(replace(message, recipient=recipient.address))
    ]


def build_population(seed: int = 1) -> Population:
    return Population(seed=seed, recipient_count=RECIPIENT_COUNT, window_s=40)


def test_same_seed_gives_the_same_population(message: MessageLinks) -> None:
    first, second = build_population(seed=3), build_population(seed=3)
    assert first.recipients == second.recipients
    assert plan_all(first, message) == plan_all(second, message)


def test_another_seed_gives_another_population() -> None:
    assert build_population(seed=1).recipients != build_population(seed=2).recipients


def test_recipients_are_distinct() -> None:
    recipients = build_population().recipients
    assert len(recipients) == len({recipient.address for recipient in recipients}) == RECIPIENT_COUNT


def test_six_percent_are_human_clickers_and_a_third_have_clicks(message: MessageLinks) -> None:
    for seed in range(5):
        requests = plan_all(build_population(seed), message)
        human_clickers = {recipient for recipient, request in requests if request.is_human}
        clickers = {recipient for recipient, request in requests if request.method == "GET"}
        assert len(human_clickers) == 30
        assert 0.33 <= len(clickers) / RECIPIENT_COUNT <= 0.42


def test_every_actor_is_present() -> None:
    expected = {value.name for value in vars(scanners).values() if isinstance(value, Actor)}
    expected |= {actor.name for actor in (*HOME_ACTORS, *WORK_ACTORS, *PREVIEWS)}
    assert {name for names in build_population().actor_names.values() for name in names} == expected


def test_some_recipients_have_a_person_and_a_scanner() -> None:
    assert any(
        len(names) > 1 and any(name.startswith("person") for name in names) and "Defender, all at once" in names
        for names in build_population().actor_names.values()
    )
