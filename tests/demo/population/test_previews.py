"""Previews and prefetches."""

import pytest

from clicktrail.demo.population.draws import Chance
from clicktrail.demo.population.plan import Actor
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import Letter


@pytest.mark.parametrize("actor", PREVIEWS, ids=lambda actor: actor.name)
def test_a_preview_asks_once_and_says_what_it_is(letter: Letter, actor: Actor) -> None:
    (request,) = actor.plan(letter, Chance("1", window=40))
    agent = request.headers["user-agent"]
    named = any(name in agent for name in ("Slackbot", "SkypeUriPreview", "facebookexternalhit", "WhatsApp"))
    assert named or "prefetch" == request.headers.get("sec-purpose")
    assert not request.human
    assert request.url in letter.inviting
