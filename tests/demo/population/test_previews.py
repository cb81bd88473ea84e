"""Previews and prefetches."""

import pytest

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import MessageLinks


@pytest.mark.parametrize("actor", PREVIEWS, ids=lambda actor: actor.name)
def test_a_preview_asks_once_and_says_what_it_is(letter: MessageLinks, actor: Actor) -> None:
    (request,) = actor.plan(letter, SeededRandom("1", window_s=40))
    agent = request.headers["user-agent"]
    named = any(name in agent for name in ("Slackbot", "SkypeUriPreview", "facebookexternalhit", "WhatsApp"))
    assert named or "prefetch" == request.headers.get("sec-purpose")
    assert not request.is_human
    assert request.url in letter.content_links
