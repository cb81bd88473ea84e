"""People with browsers other than Chrome, Edge, Firefox and Safari."""

from collections.abc import Iterator
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, MessageContent, PlannedRequest
from bench.population.reading import follow_links, pick_language
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as common_networks
from clicktrail.demo.population.browsers import CHROME_VERSION

_DELAY: Final = ("other phone delay", 9_000, 1.8)


def _plan_samsung_internet(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Its engine is 10 to 25 versions behind Chrome, and its client hints say the same."""
    engine = CHROME_VERSION - rng.randint(10, 25)
    agent = browsers.mobile_chrome(pick_language(rng))["user-agent"].replace(f"/{CHROME_VERSION}.", f"/{engine}.")
    headers = {
        **browsers.mobile_chrome(pick_language(rng)),
        "user-agent": agent.replace("Chrome/", "SamsungBrowser/29.0 Chrome/"),
        "sec-ch-ua": f'"Samsung Internet";v="29.0", "Chromium";v="{engine}", "Not.A/Brand";v="99"',
    }
    ip = rng.pick_host(common_networks.RESIDENTIAL + common_networks.MOBILE)
    return follow_links(content, rng, ip=ip, headers=headers, delay=_DELAY)


def _plan_silk(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Amazon Silk on a tablet: some of its requests come from Amazon's servers (developer.amazon.com)."""
    ip = rng.pick_host(common_networks.AMAZON if rng.happens(0.3) else common_networks.RESIDENTIAL)
    agent = (
        "Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/138.1.1 like "
        "Chrome/138.0.0.0 Safari/537.36"
    )
    headers = {**browsers.safari(pick_language(rng)), "user-agent": agent}
    return follow_links(content, rng, ip=ip, headers=headers, delay=_DELAY)


def _plan_opera_vpn(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Opera's VPN leaves by Opera's own network (AS39832, AS21837)."""
    chrome = browsers.chrome(pick_language(rng))
    headers = {**chrome, "user-agent": f"{chrome['user-agent']} OPR/140.0.0.0"}
    return follow_links(content, rng, ip=rng.pick_host(networks.OPERA), headers=headers, delay=_DELAY)


HOME_ACTORS: Final = (
    Actor(name="person, Samsung Internet", plan=_plan_samsung_internet, share=8),
    Actor(name="person, Amazon Silk", plan=_plan_silk, share=1),
    Actor(name="person, Opera's VPN", plan=_plan_opera_vpn, share=2),
)
