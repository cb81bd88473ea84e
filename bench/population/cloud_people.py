"""People whose company's browsing leaves from a data centre: gateways, isolated browsers, cloud desktops."""

from collections.abc import Iterator
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, MessageContent, PlannedRequest
from bench.population.reading import follow_links, pick_desktop_headers, pick_language
from clicktrail.demo.population import browsers

_OFFICE_DELAY: Final = ("cloud office delay", 1_200, 1.5)


def _plan_gateway_in_a_cloud(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Prisma Access and Symantec Cloud SWG: blocks of their own that a cloud announces."""
    ip = rng.pick_server(networks.CLOUD_GATEWAYS, server_count=40)
    return follow_links(content, rng, ip=ip, headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)


def _plan_cloud_desktop(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Windows 365: all desktops of a company leave by one or two addresses of Azure."""
    ip = PerturbedRandom(0, f"cloud desktops of {content.company}").pick_host(networks.AZURE)
    browser = rng.choice((browsers.edge, browsers.edge, browsers.chrome))
    return follow_links(content, rng, ip=ip, headers=browser(pick_language(rng)), delay=_OFFICE_DELAY)


def _plan_isolated_browser(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Zscaler's isolation leaves by the gateway's addresses; the browser is the vendor's Chromium on Linux."""
    headers = browsers.chrome("en-US,en;q=0.9", version=browsers.CHROME_VERSION - rng.choice((0, 1, 2, 4)))
    user_agent = headers["user-agent"].replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")
    isolated = {**headers, "user-agent": user_agent, "sec-ch-ua-platform": '"Linux"'}
    ip = rng.pick_server(networks.ZSCALER, server_count=30)
    return follow_links(content, rng, ip=ip, headers=isolated, delay=_OFFICE_DELAY)


WORK_ACTORS: Final = (
    Actor(name="person, gateway in a cloud", plan=_plan_gateway_in_a_cloud, share=5),
    Actor(name="person, cloud desktop", plan=_plan_cloud_desktop, share=3),
    Actor(name="person, isolated browser", plan=_plan_isolated_browser, share=2),
)
