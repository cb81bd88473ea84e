import pytest

from bench.population.esp_log import record_as_esp
from bench.population.plan import ClickerKind
from bench.population.scenarios import COMMON, LIFELIKE, UNSEEN, Scenario
from bench.population.world import Simulation, simulate
from clicktrail.model.event import Bounced, Click, Delivered, Engagement, Sent, decode_event, encode_event

scenarios = pytest.mark.parametrize("scenario", [COMMON, UNSEEN, LIFELIKE], ids=lambda scenario: scenario.name)


@scenarios
def test_simulation_is_reproducible(scenario: Scenario) -> None:
    assert simulate(scenario, seed=5, recipient_count=60) == simulate(scenario, seed=5, recipient_count=60)


def test_another_seed_gives_another_simulation() -> None:
    assert simulate(COMMON, seed=5, recipient_count=60) != simulate(COMMON, seed=6, recipient_count=60)


@scenarios
def test_every_click_has_one_truth(scenario: Scenario) -> None:
    simulation = simulate(scenario, seed=1, recipient_count=400)
    assert sorted(click.id for click in _clicks(simulation)) == sorted(truth.click_id for truth in simulation.truths)


@scenarios
def test_people_and_bots_click(scenario: Scenario) -> None:
    simulation = simulate(scenario, seed=1, recipient_count=400)
    assert {ClickerKind.HUMAN, ClickerKind.BOT} <= {truth.kind for truth in simulation.truths}


def test_tampered_click_has_no_message() -> None:
    tampered = [click for click in _clicks(simulate(UNSEEN, seed=1, recipient_count=400)) if click.tampered]
    assert tampered
    facts = {(click.message_id, click.recipient, click.campaign, click.link) for click in tampered}
    assert facts == {("", "", "", -1)}


@scenarios
def test_engagements_belong_to_clicks(scenario: Scenario) -> None:
    simulation = simulate(scenario, seed=2, recipient_count=400)
    engaged_clicks = {
        (event.click_id, event.message_id) for event in simulation.events if isinstance(event, Engagement)
    }
    assert engaged_clicks
    assert engaged_clicks <= {(click.id, click.message_id) for click in _clicks(simulation)}


def test_http_clicks_have_no_fetch_metadata() -> None:
    http_clicks = [
        click
        for seed in range(8)
        for click in _clicks(simulate(UNSEEN, seed=seed, recipient_count=40))
        if not click.https
    ]
    assert http_clicks
    assert {name for click in http_clicks for name in click.headers if name.startswith("sec-")} <= {"sec-purpose"}


@scenarios
def test_messages_are_sent_before_they_are_delivered_and_clicked(scenario: Scenario) -> None:
    simulation = simulate(scenario, seed=3, recipient_count=200)
    sent_at = {event.message_id: event.at for event in simulation.events if isinstance(event, Sent)}
    assert all(sent_at[click.message_id] <= click.at for click in _clicks(simulation) if click.message_id)
    assert sent_at.keys() >= {event.message_id for event in simulation.events if isinstance(event, Delivered)}


def test_events_survive_encoding() -> None:
    simulation = simulate(COMMON, seed=1, recipient_count=50)
    assert [event.id for event in simulation.events] == [
        decode_event(encode_event(event)).id for event in simulation.events
    ]


def _clicks(simulation: Simulation) -> list[Click]:
    return [event for event in simulation.events if isinstance(event, Click)]


def test_shapes_of_campaigns() -> None:
    simulation = simulate(LIFELIKE, seed=1, recipient_count=60)
    links = {event.campaign: event.links for event in simulation.events if isinstance(event, Sent)}
    assert links == {f"lifelike-{shape.name}": shape.link_count for shape in LIFELIKE.shapes}


def test_esp_reports_neither_headers_nor_fractions_of_seconds() -> None:
    simulation = simulate(LIFELIKE, seed=1, recipient_count=400)
    reported = record_as_esp(simulation)
    clicks = _clicks(reported)
    assert {(click.at.microsecond, len(click.headers), click.link, click.esp) for click in clicks} == {
        (0, 0, -1, "sendgrid")
    }
    assert {type(event) for event in reported.events} == {Bounced, Click, Delivered}
    assert {click.id for click in clicks} == {truth.click_id for truth in reported.truths}
    assert 0 < len(clicks) < len(_clicks(simulation))


def test_no_person_follows_a_link_of_a_bounced_message() -> None:
    simulation = simulate(LIFELIKE, seed=1, recipient_count=2_000)
    bounced = {event.message_id for event in simulation.events if isinstance(event, Bounced)}
    delivered = {event.message_id for event in simulation.events if isinstance(event, Delivered)}
    kinds = {truth.kind for truth in simulation.truths if truth.message_id in bounced}
    assert (kinds, bounced & delivered) == ({ClickerKind.BOT}, set())
