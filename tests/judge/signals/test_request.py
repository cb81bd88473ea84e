import pytest
from msgspec.structs import replace

from tests.support.events import click, engagement
from tests.support.signals import evaluate_signal


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_non_get_method_matches(method: str) -> None:
    assert evaluate_signal("non-get-method", replace(click(id="c"), method=method)) == {"c": f"{method} request"}


def test_non_get_method_does_not_match() -> None:
    assert evaluate_signal("non-get-method", click()) == {}


def test_preview_user_agent_matches() -> None:
    agent = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
    assert evaluate_signal("preview-user-agent", click(agent=agent, id="c")) == {"c": "calls itself Slackbot"}


def test_preview_user_agent_does_not_match() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Slack/4.46.99 Chrome/150.0.0.0 Safari/537.36"
    assert evaluate_signal("preview-user-agent", click(agent=agent)) == {}


def test_prefetch_matches() -> None:
    prefetched = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert evaluate_signal("prefetch", prefetched) == {"c": "prefetched by the browser"}


def test_prefetch_does_not_match() -> None:
    assert (
        evaluate_signal("prefetch", replace(click(), headers={"accept-language": "en", "sec-fetch-user": "?1"})) == {}
    )


def test_prefetch_does_not_match_with_engagement() -> None:
    prefetched = replace(click(id="c"), headers={"sec-purpose": "prefetch;prerender"})
    assert evaluate_signal("prefetch", prefetched, engagement("c")) == {}


def test_automation_user_agent_matches() -> None:
    assert evaluate_signal("automation-user-agent", click(agent="python-requests/2.32.5", id="c")) == {
        "c": "calls itself python-requests"
    }


def test_automation_user_agent_does_not_match() -> None:
    agent = "Mozilla/5.0 (Linux; Android 10; CUBOT J9) AppleWebKit/537.36 Chrome/88.0.4324.152 Mobile Safari/537.36"
    assert evaluate_signal("automation-user-agent", click(agent=agent)) == {}


@pytest.mark.parametrize("agent", ["", "  "])
def test_no_user_agent_matches(agent: str) -> None:
    assert evaluate_signal("no-user-agent", click(agent=agent, id="c")) == {"c": "no User-Agent"}


def test_no_user_agent_does_not_match() -> None:
    assert evaluate_signal("no-user-agent", click()) == {}


@pytest.mark.parametrize("source", [{"esp": "klaviyo"}, {"source": "klaviyo"}])
def test_no_user_agent_does_not_match_in_esp_events(source: dict[str, str]) -> None:
    assert evaluate_signal("no-user-agent", replace(click(agent=""), **source)) == {}


def test_tampered_token_matches() -> None:
    tampered = replace(click(id="c"), tampered=True)
    assert evaluate_signal("tampered-token", tampered) == {"c": "the link's token was tampered with"}


def test_tampered_token_does_not_match() -> None:
    assert evaluate_signal("tampered-token", click()) == {}


def test_trap_link_matches() -> None:
    assert evaluate_signal("trap-link", replace(click(id="c"), trap=True)) == {"c": "followed a hidden link"}


def test_trap_link_does_not_match() -> None:
    assert set(evaluate_signal("trap-link", replace(click(id="c"), trap=True), click(3_601))) == {"c"}


def test_esp_bot_matches() -> None:
    flagged = replace(click(id="c"), esp="klaviyo", esp_bot=True)
    assert evaluate_signal("esp-bot", flagged) == {"c": "klaviyo flagged it as a bot"}


@pytest.mark.parametrize("flag", [False, None])
def test_esp_bot_does_not_match(flag: bool | None) -> None:
    assert evaluate_signal("esp-bot", replace(click(), esp="mailgun", esp_bot=flag)) == {}


def test_automation_user_agent_matches_on_client_hints() -> None:
    headless = replace(click(id="c"), headers={"sec-ch-ua": '"HeadlessChrome";v="156", "Chromium";v="156"'})
    assert evaluate_signal("automation-user-agent", headless) == {"c": "client hints say HeadlessChrome"}
