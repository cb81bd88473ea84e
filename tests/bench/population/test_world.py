import pytest

from bench.population.plan import ClickerKind
from bench.population.scenarios import COMMON, UNSEEN, Scenario
from bench.population.world import Simulation, simulate
from clicktrail.model.event import Click, Delivered, Engagement, Sent, decode_event, encode_event

casts = pytest.mark.parametrize("cast", [COMMON, UNSEEN], ids=lambda cast: cast.name)


@casts
def test_the_same_seed_gives_the_same_world(cast: Scenario) -> None:
    assert simulate(cast, seed=5, recipient_count=60) == simulate(cast, seed=5, recipient_count=60)


def test_another_seed_gives_another_world() -> None:
    assert simulate(COMMON, seed=5, recipient_count=60) != simulate(COMMON, seed=6, recipient_count=60)


@casts
def test_the_truth_covers_every_click_once(cast: Scenario) -> None:
    world = simulate(cast, seed=1, recipient_count=400)
    assert sorted(click.id for click in _clicks(world)) == sorted(fact.click_id for fact in world.truths)


@casts
def test_people_and_machines_play(cast: Scenario) -> None:
    world = simulate(cast, seed=1, recipient_count=400)
    assert {ClickerKind.HUMAN, ClickerKind.BOT} <= {fact.kind for fact in world.truths}


def test_a_damaged_token_names_nobody() -> None:
    damaged = [click for click in _clicks(simulate(UNSEEN, seed=1, recipient_count=400)) if click.tampered]
    assert damaged
    assert {("", "", "", -1)} == {(each.message_id, each.recipient, each.campaign, each.link) for each in damaged}


@casts
def test_landing_pages_tell_of_clicks_that_were_made(cast: Scenario) -> None:
    world = simulate(cast, seed=2, recipient_count=400)
    told = {(event.click_id, event.message_id) for event in world.events if isinstance(event, Engagement)}
    assert told
    assert told <= {(click.id, click.message_id) for click in _clicks(world)}


def test_browsers_send_no_fetch_metadata_without_tls() -> None:
    plain = [
        click
        for seed in range(8)
        for click in _clicks(simulate(UNSEEN, seed=seed, recipient_count=40))
        if not click.https
    ]
    assert plain
    assert {"sec-purpose"} >= {name for click in plain for name in click.headers if name.startswith("sec-")}


@casts
def test_every_message_was_sent_and_no_click_came_before(cast: Scenario) -> None:
    world = simulate(cast, seed=3, recipient_count=200)
    sent_at = {event.message_id: event.at for event in world.events if isinstance(event, Sent)}
    assert all(sent_at[click.message_id] <= click.at for click in _clicks(world) if click.message_id)
    assert sent_at.keys() >= {event.message_id for event in world.events if isinstance(event, Delivered)}


def test_events_are_a_log() -> None:
    world = simulate(COMMON, seed=1, recipient_count=50)
    assert [event.id for event in world.events] == [decode_event(encode_event(event)).id for event in world.events]


def _clicks(world: Simulation) -> list[Click]:
    return [event for event in world.events if isinstance(event, Click)]
