import pytest

from clicktrail.demo.population.draws import SeededRandom
from clicktrail.demo.population.plan import Actor
from clicktrail.demo.population.previews import PREVIEWS
from clicktrail.demo.population.received import MessageLinks


@pytest.mark.parametrize("actor", PREVIEWS, ids=lambda actor: actor.name)
def test_preview_is_one_identified_request(message: MessageLinks, actor: Actor) -> None:
    (request,) = actor.plan(message, SeededRandom("1", window_s=40))
    user_agent = request.headers["user-agent"]
    has_bot_agent = any(
        name in user_agent for name in ("Slackbot", "SkypeUriPreview", "facebookexternalhit", "WhatsApp")
    )
    assert has_bot_agent or request.headers.get("sec-purpose") == "prefetch"
    assert not request.is_human
    assert request.url in message.content_links
