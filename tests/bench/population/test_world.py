import pytest

from bench.population.plan import Kind
from bench.population.scenarios import COMMON, UNSEEN, Cast
from bench.population.world import World, simulate
from clicktrail.model.event import Click, Delivered, Engagement, Sent, decode, encode

casts = pytest.mark.parametrize("cast", [COMMON, UNSEEN], ids=lambda cast: cast.name)


@casts
def test_the_same_seed_gives_the_same_world(cast: Cast) -> None:
    assert simulate(cast, seed=5, recipients=60) == simulate(cast, seed=5, recipients=60)


def test_another_seed_gives_another_world() -> None:
    assert simulate(COMMON, seed=5, recipients=60) != simulate(COMMON, seed=6, recipients=60)


@casts
def test_the_truth_covers_every_click_once(cast: Cast) -> None:
    world = simulate(cast, seed=1, recipients=400)
    assert sorted(click.id for click in _clicks(world)) == sorted(fact.click_id for fact in world.facts)


@casts
def test_people_and_machines_play(cast: Cast) -> None:
    world = simulate(cast, seed=1, recipients=400)
    assert {Kind.HUMAN, Kind.BOT} <= {fact.kind for fact in world.facts}


def test_a_damaged_token_names_nobody() -> None:
    damaged = [click for click in _clicks(simulate(UNSEEN, seed=1, recipients=400)) if click.tampered]
    assert damaged
    assert {("", "", "", -1)} == {(each.message_id, each.recipient, each.campaign, each.link) for each in damaged}


@casts
def test_landing_pages_tell_of_clicks_that_were_made(cast: Cast) -> None:
    world = simulate(cast, seed=2, recipients=400)
    told = {(event.click_id, event.message_id) for event in world.events if isinstance(event, Engagement)}
    assert told
    assert told <= {(click.id, click.message_id) for click in _clicks(world)}


def test_browsers_send_no_fetch_metadata_without_tls() -> None:
    plain = [
        click for seed in range(8) for click in _clicks(simulate(UNSEEN, seed=seed, recipients=40)) if not click.https
    ]
    assert plain
    assert {"sec-purpose"} >= {name for click in plain for name in click.headers if name.startswith("sec-")}


@casts
def test_every_message_was_sent_and_no_click_came_before(cast: Cast) -> None:
    world = simulate(cast, seed=3, recipients=200)
    sent_at = {event.message_id: event.at for event in world.events if isinstance(event, Sent)}
    assert all(sent_at[click.message_id] <= click.at for click in _clicks(world) if click.message_id)
    assert sent_at.keys() >= {event.message_id for event in world.events if isinstance(event, Delivered)}


def test_events_are_a_log() -> None:
    world = simulate(COMMON, seed=1, recipients=50)
    assert [event.id for event in world.events] == [decode(encode(event)).id for event in world.events]


def _clicks(world: World) -> list[Click]:
    return [event for event in world.events if isinstance(event, Click)]
