"""Programs unlike a scanner at delivery: agents, playbooks for reported mail, second legs, small gateways."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import office_ips
from bench.population.scanners import schedule_times, sweep_links
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as common_networks
from clicktrail.demo.population.browsers import CHROME_VERSION

_LANGUAGE: Final = "en-US,en;q=0.9"


def _plan_ai_agent(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """ChatGPT agent: claims macOS, its client hints say Linux; signs its requests (simonwillison.net 2025-08-04)."""
    headers = {
        **browsers.chrome(_LANGUAGE, version=CHROME_VERSION - rng.randint(0, 3), mac=True),
        "sec-ch-ua-platform": '"Linux"',
    }
    if rng.happens(0.5):  # some of them sign
        headers["signature-agent"] = '"https://chatgpt.com"'
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("AI agent delay", 5_000, 1.2),
        link=rng.choice(content.content_links),
        ip=rng.pick_host(networks.WARP),
        headers=headers,
        kind=ClickerKind.BOT,
        page_activity=PageActivity.ENGAGED if rng.happens(0.5) else PageActivity.LOADED,
    )


def _plan_cloud_browser(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Cloudflare Browser Run: Chrome 119 on Windows by default, signed."""
    headers = {**browsers.chrome(_LANGUAGE, version=119), "signature-agent": '"https://web-bot-auth.example"'}
    start_s = rng.lognormal_perturbed("cloud browser delay", 600, 1.2)
    times = schedule_times(rng, "cloud browser gap", start_s=start_s, gap_s=(2, 30))
    return sweep_links(content.visible_links[:3], times, ip=rng.pick_host(networks.WARP), headers=headers)


def _plan_reported_mail(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """A playbook opens every link of a reported message, one after the other, hours later."""
    ip = rng.pick_host(networks.SANDBOXES) if rng.happens(0.5) else office_ips(content.company, count=6)[5]
    headers = browsers.chrome(_LANGUAGE, version=CHROME_VERSION - rng.randint(0, 6))
    start_s = rng.lognormal_perturbed("reported mail delay", 12_000, 0.8)
    times = schedule_times(rng, "reported mail gap", start_s=start_s, gap_s=(15, 120))
    for request in sweep_links(content.visible_links, times, ip=ip, headers=headers):
        yield replace(request, page_activity=PageActivity.LOADED)


def _plan_paired_fetch(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Each link twice within seconds: from Amazon, and from a carrier that is no data centre (onetimesecret#359)."""
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
    first_ip, second_ip = rng.pick_host(common_networks.AMAZON), rng.pick_host(networks.CARRIERS)
    times = schedule_times(
        rng, "paired fetch gap", start_s=rng.uniform_perturbed("paired fetch delay", 5, 120), gap_s=(0.2, 6)
    )
    for request in sweep_links(content.visible_links, times, ip=first_ip, headers=headers):
        yield request
        yield replace(request.repeat_after(rng.uniform_perturbed("second leg", 0.3, 5)), ip=second_ip)


def _plan_small_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """The company's own gateway, at one address of its line, follows one link of each recipient's message."""
    user_agent = browsers.scripted_chrome(CHROME_VERSION - 6)
    yield PlannedRequest(
        delay_s=rng.uniform_perturbed("small gateway delay", 3, 90),
        link=0,
        ip=office_ips(content.company, count=6)[4],
        headers=user_agent,
        kind=ClickerKind.BOT,
    )


def _plan_phones_in_a_cloud(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Safe Links' detonation under phones' User-Agents, another one for each link (hummingdeck.com)."""
    start_s = rng.uniform_perturbed("phones delay", 20, 200)
    for number, link in enumerate(content.visible_links):
        headers = rng.choice((browsers.safari, browsers.mobile_chrome, browsers.webview))(_LANGUAGE)
        yield PlannedRequest(
            delay_s=start_s + number * rng.uniform_perturbed("phones gap", 0.2, 4),
            link=link,
            ip=rng.pick_host(common_networks.MICROSOFT),
            headers=headers,
            kind=ClickerKind.BOT,
        )


def _plan_exchange_protection(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Exchange Online Protection: without a User-Agent (laravel-passwordless-login issue 79)."""
    headers = {"accept": "*/*", "accept-encoding": "gzip, deflate"}
    times = schedule_times(rng, "EOP gap", start_s=rng.uniform_perturbed("EOP delay", 2, 60), gap_s=(0.1, 2))
    return sweep_links(content.visible_links[:2], times, ip=rng.pick_host(networks.EXCHANGE), headers=headers)


def _plan_internet_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Cortex Xpanse: blocks of the vendor whose other blocks are people's."""
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("Xpanse delay", 20_000, 1),
        link=rng.choice(content.visible_links),
        ip=rng.pick_host(networks.XPANSE),
        headers=browsers.chrome(_LANGUAGE, version=CHROME_VERSION - rng.randint(0, 9)),
        kind=ClickerKind.BOT,
    )


SCANNERS: Final = (
    Actor(name="gateway, one link", plan=_plan_small_gateway, share=3),
    Actor(name="paired fetches", plan=_plan_paired_fetch, share=3),
    Actor(name="phones in a cloud", plan=_plan_phones_in_a_cloud, share=2),
    Actor(name="Exchange, no User-Agent", plan=_plan_exchange_protection, share=2),
)
STRAY_SCANNERS: Final = (
    Actor(name="AI agent", plan=_plan_ai_agent, share=2),
    Actor(name="cloud browser", plan=_plan_cloud_browser, share=1),
    Actor(name="reported mail", plan=_plan_reported_mail, share=2),
    Actor(name="internet scanner", plan=_plan_internet_scanner, share=1),
)
