"""Which request gets which answer, and when."""

import asyncio

from clicktrail.model.event import Click, decode
from clicktrail.server.edge.beacon import Beacon
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import Routes
from clicktrail.server.pipeline.engage import Engagements
from clicktrail.server.pipeline.redirect import Request
from clicktrail.server.ports import ShortMessage, StoredLink
from clicktrail.tokens import short_token
from tests.edges import NOW, RING, StoppedClock, damaged_path, routes_for, token_path
from tests.journals import HeldJournal
from tests.server.memory_registry import MemoryRegistry


def answers_of(routes: Routes, path: str, *, method: str = "GET") -> list[Response]:
    """Ask, and collect what is replied, now or later."""
    answers: list[Response] = []
    routes.answer(Request(method=method, path=path, peer="192.0.2.1", headers={}), answers.append)
    return answers


def test_a_click_is_answered_once_it_is_recorded() -> None:
    """Not earlier."""
    journal = HeldJournal()
    routes = routes_for(journal)
    answers = answers_of(routes, token_path())
    assert [] == answers
    journal.settle(committed=True)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == answers
    event = decode(journal.lines[0])
    assert isinstance(event, Click)
    assert ("click0", NOW, "192.0.2.1") == (event.id, event.at, event.ip)


def test_a_click_that_cannot_be_recorded_is_answered_all_the_same() -> None:
    """The health shows what became of it."""
    journal = HeldJournal()
    routes = routes_for(journal)
    answers = answers_of(routes, token_path())
    journal.settle(committed=False)
    assert [routes.responses.redirect("https://shop.example/?a=b")] == answers
    degraded = routes.responses.health(status="degraded", failed=1, buffered=1, let_go=0)
    assert [degraded] == answers_of(routes, "/healthz")
    answers_of(routes, token_path())
    journal.settle(committed=True)
    well = routes.responses.health(status="ok", failed=1, buffered=0, let_go=0)
    assert [well] == answers_of(routes, "/healthz")


def test_a_damaged_token_is_recorded_before_it_is_answered() -> None:
    """Like a click, with the page that says so."""
    journal = HeldJournal()
    routes = routes_for(journal)
    answers = answers_of(routes, damaged_path())
    assert [] == answers
    journal.settle(committed=True)
    assert [routes.responses.not_found] == answers
    event = decode(journal.lines[0])
    assert isinstance(event, Click)
    assert event.tampered


def test_everything_else_is_answered_at_once_and_not_recorded() -> None:
    """The health, the robots' rules, and the page for what is not there."""
    journal = HeldJournal()
    routes = routes_for(journal)
    well = routes.responses.health(status="ok", failed=0, buffered=0, let_go=0)
    assert [well] == answers_of(routes, "/healthz", method="HEAD")
    assert [routes.responses.robots] == answers_of(routes, "/robots.txt")
    for path, method in [("/", "GET"), ("/favicon.ico", "GET"), ("/robots.txt", "POST"), (token_path(), "POST")]:
        assert [routes.responses.not_found] == answers_of(routes, path, method=method)
    assert [] == journal.lines


def test_a_short_link_is_looked_up_recorded_and_answered() -> None:
    """In this order; what the registry does not know is not there, and while it cannot tell nobody is told that."""
    journal, registry = HeldJournal(), MemoryRegistry()
    link = StoredLink(position=0, destination="https://shop.example/?a=b")
    message = ShortMessage(code=7, message_id="m1", recipient="", campaign="", created_at=NOW, links=(link,))
    asyncio.run(registry.short_links.add(message))
    routes = routes_for(journal, registry=registry)
    registry.answers = False
    unresolved = answers_of(routes, f"/{short_token(7, 0)}")
    registry.answers = True
    found = answers_of(routes, f"/{short_token(7, 0)}")
    unknown = answers_of(routes, f"/{short_token(8, 0)}")
    assert ([], [], []) == (unresolved, found, unknown)
    journal.settle(committed=True)
    assert [routes.responses.unavailable] == unresolved
    assert [routes.responses.redirect("https://shop.example/?a=b")] == found
    assert [routes.responses.not_found] == unknown


def test_landing_pages_are_served_where_the_edge_has_a_beacon() -> None:
    """Then the location has the click, and script and beacon answer; else there is nothing of it."""
    journal = HeldJournal()
    routes = routes_for(journal)
    assert [routes.responses.not_found] == answers_of(routes, "/e.js")
    assert [routes.responses.not_found] == answers_of(routes, "/e", method="POST")
    routes.beacon = Beacon(Engagements(RING, hosts=("shop.example",)), journal=journal, clock=StoppedClock())
    answers = answers_of(routes, token_path())
    journal.settle(committed=True)
    assert b"Location: https://shop.example/?a=b#clicktrail=" in answers[0].head
    assert [b"200", b"204"] == [
        answer.head.split()[1] for answer in answers_of(routes, "/e.js") + answers_of(routes, "/e", method="POST")
    ]
