import pytest
from msgspec.structs import replace

from tests.support.events import click, engagement
from tests.support.signals import spoken


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_method_fires(method: str) -> None:
    """A request that only asks about the page is none of a person's."""
    assert {"c": f"{method} request"} == spoken("method", replace(click(id="c"), method=method))


def test_method_is_silent() -> None:
    """A GET is what a browser sends."""
    assert {} == spoken("method", click())


def test_preview_agent_fires() -> None:
    """Slack's fetcher names itself."""
    agent = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
    assert {"c": "calls itself Slackbot"} == spoken("preview-agent", click(agent=agent, id="c"))


def test_preview_agent_is_silent() -> None:
    """Slack's own browser is a person's."""
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Slack/4.46.99 Chrome/150.0.0.0 Safari/537.36"
    assert {} == spoken("preview-agent", click(agent=agent))


def test_prefetch_fires() -> None:
    """Chrome announces what it loads in advance."""
    early = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert {"c": "loaded in advance"} == spoken("prefetch", early)


def test_prefetch_is_silent() -> None:
    """Other headers do not matter."""
    assert {} == spoken("prefetch", replace(click(), headers={"accept-language": "en", "sec-fetch-user": "?1"}))


def test_prefetch_is_silent_on_a_page_in_use() -> None:
    """A page that was loaded in advance and then shown asks for nothing more: only its script tells of the click."""
    early = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert {} == spoken("prefetch", early, engagement("c"))


def test_automation_agent_fires() -> None:
    """A script's HTTP library names itself."""
    assert {"c": "calls itself python-requests"} == spoken(
        "automation-agent", click(agent="python-requests/2.32.5", id="c")
    )


def test_automation_agent_is_silent() -> None:
    """A phone called CUBOT is a phone."""
    agent = "Mozilla/5.0 (Linux; Android 10; CUBOT J9) AppleWebKit/537.36 Chrome/88.0.4324.152 Mobile Safari/537.36"
    assert {} == spoken("automation-agent", click(agent=agent))


@pytest.mark.parametrize("agent", ["", "  "])
def test_no_agent_fires(agent: str) -> None:
    """An empty header says nothing."""
    assert {"c": "no User-Agent"} == spoken("no-agent", click(agent=agent, id="c"))


def test_no_agent_is_silent() -> None:
    """A browser says what it is."""
    assert {} == spoken("no-agent", click())


@pytest.mark.parametrize("teller", [{"esp": "klaviyo"}, {"source": "klaviyo"}])
def test_no_agent_is_silent_where_an_esp_told(teller: dict[str, str]) -> None:
    """Klaviyo tells no agents: those clicks are not without one."""
    assert {} == spoken("no-agent", replace(click(agent=""), **teller))


def test_tampered_token_fires() -> None:
    """A token that did not open was changed on its way."""
    damaged = replace(click(id="c"), tampered=True)
    assert {"c": "the link was changed on its way"} == spoken("tampered-token", damaged)


def test_tampered_token_is_silent() -> None:
    """The right token a moment later is judged on its own facts."""
    assert {} == spoken("tampered-token", click())


def test_trap_link_fires() -> None:
    """Nobody sees the link that was followed."""
    assert {"c": "followed a hidden link"} == spoken("trap-link", replace(click(id="c"), trap=True))


def test_trap_link_is_silent() -> None:
    """The next click from the same address may be a person's."""
    assert {"c"} == set(spoken("trap-link", replace(click(id="c"), trap=True), click(3_601)))


def test_esp_bot_fires() -> None:
    """Klaviyo says "Bot Click"."""
    flagged = replace(click(id="c"), esp="klaviyo", esp_bot=True)
    assert {"c": "klaviyo calls it a bot"} == spoken("esp-bot", flagged)


@pytest.mark.parametrize("flag", [False, None])
def test_esp_bot_is_silent(flag: bool | None) -> None:
    """An ESP that suspects nothing, and one that says nothing."""
    assert {} == spoken("esp-bot", replace(click(), esp="mailgun", esp_bot=flag))


def test_automation_agent_fires_on_client_hints() -> None:
    """A browser without a screen that was given another agent, and kept its hints."""
    headless = replace(click(id="c"), headers={"sec-ch-ua": '"HeadlessChrome";v="156", "Chromium";v="156"'})
    assert {"c": "its client hints say HeadlessChrome"} == spoken("automation-agent", headless)
