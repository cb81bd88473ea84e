"""Each signal with a test that fires it and one that must not.

Signals are called with the thresholds of the rules that we ship, by ``spoken``.
"""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from clicktrail.judge.case import Case
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnyEvent
from tests.clicks import AZURE, BARRACUDA, CONTEXT, HOME, click, delivered, engagement, sent, sweep, timeline

RULES = {rule.name: rule for rule in CONTEXT.rules.rules}


def spoken(signal: str, *events: AnyEvent) -> Mapping[str, str]:
    """What a signal says of the clicks among these events."""
    return SIGNALS[signal](Case.of(timeline(*events), CONTEXT), **RULES[signal].thresholds)


def test_every_rule_has_a_signal() -> None:
    """Rules and functions are the same set: none is dead, none is missing."""
    assert set(RULES) == set(SIGNALS)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_both_tests(rule: str) -> None:
    """This module holds a test that fires each rule's signal and one that must not."""
    name = rule.replace("-", "_")
    assert [True, True] == [f"test_{name}_{case}" in globals() for case in ("fires", "is_silent")]


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


def test_no_agent_is_silent_where_an_esp_told() -> None:
    """Klaviyo tells no agents: those clicks are not without one."""
    assert {} == spoken("no-agent", replace(click(agent=""), esp="klaviyo"))


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


def test_burst_fires() -> None:
    """Seven links in 0.6 s, each click told so."""
    clicks = sweep(40, links=7, gap=0.1)
    assert {one.id: "7 links in 0.6 s" for one in clicks} == spoken("burst", *clicks)


def test_burst_fires_across_addresses() -> None:
    """Scanners spread one message's links over their machines."""
    clicks = [click(40 + 0.3 * link, link=link, ip=f"198.51.100.{link}") for link in range(3)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks))


def test_burst_fires_on_head_requests() -> None:
    """A checker that sends HEAD sweeps no less."""
    clicks = [replace(one, method="HEAD") for one in sweep(40, links=3, gap=0.1)]
    assert {one.id for one in clicks} == set(spoken("burst", *clicks))


def test_burst_is_silent() -> None:
    """Someone who opens eight links in tabs, one each 0.7 s, is no scanner."""
    assert {} == spoken("burst", *sweep(3_600, links=8, gap=0.7))


def test_burst_is_silent_on_one_link() -> None:
    """A double click, or a triple one, is one link."""
    assert {} == spoken("burst", *(click(3_600 + 0.1 * again) for again in range(3)))


def test_burst_is_silent_on_later_click() -> None:
    """A person's click after the sweep has nothing to do with it."""
    assert "person" not in spoken("burst", *sweep(40, links=7, gap=0.1, ip=AZURE), click(43, link=2, id="person"))


def test_burst_is_silent_on_prefetches() -> None:
    """A browser that loads a page's links in advance says nothing about the click that follows."""
    early = [replace(one, headers={"purpose": "prefetch"}) for one in sweep(3_600, links=5, gap=0.01)]
    assert {} == spoken("burst", *early, click(3_600.1, link=6))


def test_burst_tells_links_without_positions_apart() -> None:
    """An ESP that tells destinations and no positions still shows a sweep."""
    clicks = [replace(one, link=-1) for one in sweep(40, links=4, gap=0.1)]
    assert {one.id: "4 links in 0.3 s" for one in clicks} == spoken("burst", *clicks)


def test_mail_security_network_fires() -> None:
    """Barracuda's addresses are known."""
    assert {"c": "network Barracuda AS15324"} == spoken("mail-security-network", click(ip=BARRACUDA, id="c"))


def test_mail_security_network_is_silent() -> None:
    """A data centre is another signal's business."""
    assert {} == spoken("mail-security-network", click(ip=AZURE), click(ip=HOME))


def test_datacentre_network_fires() -> None:
    """Microsoft's addresses are known."""
    assert {"c": "network Microsoft AS8075"} == spoken("datacentre-network", click(ip=AZURE, id="c"))


def test_datacentre_network_is_silent() -> None:
    """Someone at home, and someone whose address nobody told us."""
    assert {} == spoken("datacentre-network", click(ip=HOME), click(ip=""), click(ip="no address"))


def test_fast_fires() -> None:
    """Measured from the delivery where it is known."""
    events = (sent(), delivered(900), click(900.8, id="c"))
    assert {"c": "0.8 s after the message arrived"} == spoken("fast", *events)


def test_fast_fires_before_delivery() -> None:
    """A gateway that holds a message back scans it meanwhile."""
    events = (sent(), delivered(900), click(30, id="c"))
    assert {"c": "870.0 s before the message arrived"} == spoken("fast", *events)


def test_fast_fires_without_delivery() -> None:
    """Measured from the sending where no delivery was told."""
    assert {"c": "1.5 s after the message arrived"} == spoken("fast", sent(), click(1.5, id="c"))


def test_fast_is_silent() -> None:
    """Someone who taps the notification needs a few seconds."""
    assert {} == spoken("fast", sent(), delivered(1), click(5))


def test_fast_is_silent_without_a_clock() -> None:
    """Where neither sending nor delivery was told, nothing can be measured."""
    assert {} == spoken("fast", click(0))


def test_all_links_fires() -> None:
    """Twelve of twelve links in 44 s."""
    clicks = sweep(100, links=12, gap=4)
    assert {one.id: "all 12 links in 44 s" for one in clicks} == spoken("all-links", sent(links=12), *clicks)


def test_all_links_is_silent() -> None:
    """Eleven of twelve are not all."""
    assert {} == spoken("all-links", sent(links=12), *sweep(100, links=11, gap=1))


def test_all_links_is_silent_on_short_messages() -> None:
    """Three of three links is what an interested person does."""
    assert {} == spoken("all-links", sent(links=3), *sweep(100, links=3, gap=5))


def test_all_links_is_silent_over_time() -> None:
    """Someone who reads all of it takes longer than a minute."""
    assert {} == spoken("all-links", sent(links=5), *sweep(100, links=5, gap=20))


def test_all_links_is_silent_without_a_count() -> None:
    """Where nobody told how many links there are, none can be all of them."""
    assert {} == spoken("all-links", *sweep(100, links=8, gap=1))


def test_engaged_fires() -> None:
    """A person pressed something on the landing page."""
    assert {"c": "pressed, scrolled or typed"} == spoken("engaged", click(id="c"), engagement("c"))


def test_engaged_is_silent() -> None:
    """A script that ran proves nothing, and another click's visitor is another one."""
    assert {} == spoken("engaged", click(id="c"), engagement("c", kind="loaded"), engagement("other"))
