from collections.abc import Mapping
from dataclasses import replace as replace_context

from msgspec.structs import replace

from clicktrail.judge.address_activity import AddressActivity, SourceActivity
from clicktrail.judge.evidence import MessageEvidence, hash_user_agent
from clicktrail.judge.signals import SIGNALS
from clicktrail.model.event import AnyEvent, Click
from tests.support.events import AZURE_IP, CHROME_AGENT, CONTEXT, HOME_IP, click, delivered, sweep, timeline
from tests.support.signals import RULES_BY_NAME, evaluate_signal

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
ZSCALER_IP = "165.225.80.1"


def make_activity(
    *,
    recipients: int = 6,
    companies: int = 3,
    early: float = 0,
    user_agents: int = 1,
    swept: tuple[int, float] = (0, 0),
) -> AddressActivity:
    """What an address did with `CHROME_AGENT` and an iPhone, and with other User-Agents."""
    source = SourceActivity(recipients=recipients, companies=companies, early_share=early)
    hashes = (*map(hash_user_agent, (CHROME_AGENT, IPHONE)), *range(user_agents))[:user_agents]
    return AddressActivity(sources=dict.fromkeys(hashes, source), swept_recipients=swept[0], swept_share=swept[1])


def evaluate(signal: str, activity: AddressActivity, *events: AnyEvent, ip: str = HOME_IP) -> Mapping[str, str]:
    """Evaluate a signal in a log in which an address did this."""
    context = replace_context(CONTEXT, address_activity={ip: activity})
    evidence = MessageEvidence.from_timeline(timeline(*events), context)
    return SIGNALS[signal](evidence, **RULES_BY_NAME[signal].thresholds)


def test_busy_address_matches() -> None:
    detail = "6 recipients at 3 companies from this IP in the log"
    crowd = make_activity(user_agents=9)
    assert evaluate("busy-address", make_activity(), click(id="c")) == {"c": detail}
    assert evaluate("busy-address", crowd, click(id="c", ip=AZURE_IP), ip=AZURE_IP) == {"c": detail}


def test_busy_address_does_not_match() -> None:
    iphone = make_activity(user_agents=2)
    assert [
        evaluate("busy-address", make_activity(recipients=4), click()),
        evaluate("busy-address", make_activity(companies=2), click()),
        evaluate("busy-address", make_activity(user_agents=4), click()),
        evaluate("busy-address", iphone, click(agent=IPHONE)),
        evaluate("busy-address", make_activity(), click(agent="another browser")),
        evaluate("busy-address", make_activity(), click(ip=ZSCALER_IP), ip=ZSCALER_IP),
        evaluate_signal("busy-address", click()),
    ] == [{}] * 7


def test_always_early_matches() -> None:
    assert evaluate("always-early", make_activity(early=0.95), delivered(2), click(90, id="c")) == {
        "c": "95% of this source's visits are within 180 s after arrival, in the mail of 6 recipients"
    }


def test_always_early_matches_neighbouring_addresses() -> None:
    early = make_activity(early=1)
    assert len(evaluate("always-early", early, delivered(2), click(90), ip="192.0.2.0/24")) == 1
    assert len(evaluate("always-early", early, delivered(2), click(90, ip="2a00:1::9"), ip="2a00:1::/48")) == 1


def test_busy_address_matches_an_ipv6_subnet() -> None:
    clicks = [click(link=link, ip=f"2a00:1:2:3::{link + 7}") for link in range(2)]
    assert len(evaluate("busy-address", make_activity(), *clicks, ip="2a00:1:2:3::/64")) == 2


def test_always_early_does_not_match() -> None:
    assert [
        evaluate("always-early", make_activity(early=0.5), delivered(2), click(90)),
        evaluate("always-early", make_activity(early=1, recipients=4), delivered(2), click(90)),
        evaluate("always-early", make_activity(early=1), delivered(2), click(9_000)),
        evaluate("always-early", make_activity(early=1), click(90)),
        evaluate("always-early", make_activity(early=1), delivered(2), click(90, agent="another browser")),
        evaluate_signal("always-early", delivered(2), click(90)),
    ] == [{}] * 6


def test_habitual_sweep_matches() -> None:
    clicks = sweep(400, links=4, gap=5)
    detail = "this IP follows several links in 80% of its visits"
    assert evaluate("habitual-sweep", make_activity(swept=(5, 0.8)), *clicks) == {
        click_.id: detail for click_ in clicks
    }


def test_habitual_sweep_does_not_match() -> None:
    sweeper, clicks = make_activity(swept=(5, 0.8)), sweep(400, links=4, gap=5)
    employees = [replace(click_, user_agent=f"browser {click_.link}") for click_ in clicks]
    assert [
        evaluate("habitual-sweep", sweeper, *clicks[:2]),
        evaluate("habitual-sweep", sweeper, *employees),
        evaluate("habitual-sweep", make_activity(swept=(2, 0.8)), *clicks),
        evaluate("habitual-sweep", make_activity(swept=(5, 0.1)), *clicks),
        evaluate_signal("habitual-sweep", *clicks),
    ] == [{}] * 5


def legs(*, links: int, gap: float, seconds: float = 40, agent: str = CHROME_AGENT) -> list[Click]:
    """Each link from Azure, and some seconds later from elsewhere with this User-Agent."""
    return [
        leg
        for link in range(links)
        for leg in (
            click(seconds + 20 * link, link=link, ip=AZURE_IP),
            click(seconds + 20 * link + gap, link=link, ip="38.32.1.2", agent=agent, id=f"second-{link}"),
        )
    ]


def test_paired_fetch_matches() -> None:
    detail = "the same link and User-Agent from a data centre within 10 s"
    assert evaluate_signal("paired-fetch", delivered(2), *legs(links=1, gap=4)) == {"second-0": detail}
    late = legs(links=2, gap=-3, seconds=9_000)
    assert evaluate_signal("paired-fetch", delivered(2), *late) == {"second-0": detail, "second-1": detail}


def test_paired_fetch_does_not_match() -> None:
    assert [
        evaluate_signal("paired-fetch", delivered(2), *legs(links=1, gap=4, seconds=9_000)),
        evaluate_signal("paired-fetch", delivered(2), *legs(links=2, gap=15, seconds=9_000)),
        evaluate_signal("paired-fetch", delivered(2), *legs(links=3, gap=1, agent="the person's browser")),
        evaluate_signal("paired-fetch", delivered(2), click(40), click(41, ip="38.32.1.2")),
    ] == [{}] * 4
