"""Rare scanners, each known from one log, report or conversation."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import office_ips
from bench.population.scanners import schedule_times, spoofed_headers, sweep_links
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as common_networks
from clicktrail.demo.population.browsers import CHROME_VERSION


def _plan_trend_micro(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    ip = rng.pick_server(common_networks.TREND_MICRO + common_networks.AMAZON, server_count=3)
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 6))
    return sweep_links(
        content.visible_links,
        schedule_times(
            rng, "trend micro gap", start_s=rng.uniform_perturbed("trend micro delay", 20, 180), gap_s=(0.001, 0.006)
        ),
        ip=ip,
        headers=headers,
    )


def _plan_mail_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Follows every link before it delivers the message, so delays are negative.
    ip, start_s = (
        rng.pick_server(common_networks.MAIL_GATEWAY, server_count=2),
        -rng.uniform_perturbed("gateway delay", 0.2, 3),
    )
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "gateway gap", start_s=start_s, gap_s=(0, 0.3)),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _plan_cloud_sandbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # A current browser on rented servers that runs scripts without interaction.
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 3))
    for link in content.visible_links:
        ip, delay_s = rng.pick_host(networks.SANDBOXES), rng.lognormal_perturbed("sandbox delay", 120, 1)
        yield PlannedRequest(
            delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT, page_activity=PageActivity.LOADED
        )


def _plan_office_appliance(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Appliance in the company's office, with the same address as its people (FortiMail)."""
    ip = office_ips(content.company, count=6)[0]
    return sweep_links(
        content.visible_links,
        schedule_times(
            rng, "appliance gap", start_s=rng.uniform_perturbed("appliance delay", 1, 40), gap_s=(0.02, 0.5)
        ),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _plan_delayed_investigation(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Defender's automated investigation, hours after delivery."""
    ip, headers = (
        rng.pick_host(common_networks.MICROSOFT),
        browsers.scripted_chrome(CHROME_VERSION - rng.randint(4, 20)),
    )
    start_s = rng.lognormal_perturbed("again delay", 14_000, 0.6)
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "again gap", start_s=start_s, gap_s=(0.05, 0.9)),
        ip=ip,
        headers=headers,
    )


def _plan_consumer_mailbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Outlook.com: one request for one link, from a Microsoft address (orita.ai)."""
    ip, link = rng.pick_host(common_networks.MICROSOFT), rng.choice(content.visible_links)
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 10))
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("consumer mailbox delay", 60, 1),
        link=link,
        ip=ip,
        headers=headers,
        kind=ClickerKind.BOT,
        page_activity=PageActivity.LOADED,
    )


def _plan_tampering_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Requests a damaged link, then the link itself from another address with another browser (mautic issue 9798)."""
    for link in content.visible_links:
        delay_s = rng.uniform_perturbed("scrambler delay", 5, 300)
        probe = PlannedRequest(
            delay_s=delay_s,
            link=link,
            ip=rng.pick_host(common_networks.PROOFPOINT),
            headers=spoofed_headers(rng),
            kind=ClickerKind.BOT,
            is_tampered=True,
        )
        yield probe
        headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
        yield replace(
            probe,
            delay_s=delay_s + rng.uniform_perturbed("scrambler gap", 0.2, 4),
            ip=rng.pick_host(common_networks.AMAZON),
            headers=headers,
            is_tampered=False,
        )


def _plan_engaging_sandbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Sandbox that moves the mouse and fills in forms with trusted input events: the page reports engagement."""
    ip, headers = (
        rng.pick_host(networks.SANDBOXES),
        browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 3)),
    )
    times = schedule_times(rng, "handy gap", start_s=rng.lognormal_perturbed("handy delay", 200, 1), gap_s=(3, 20))
    for request in sweep_links(content.visible_links[:4], times, ip=ip, headers=headers):
        yield replace(request, page_activity=PageActivity.ENGAGED)


def _plan_small_hoster(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Slow, from a hoster that is in no list.
    ip, headers = (
        rng.pick_server(networks.SMALL_HOSTERS, server_count=5),
        browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 9)),
    )
    times = schedule_times(
        rng, "small hoster gap", start_s=rng.lognormal_perturbed("small hoster delay", 90, 1), gap_s=(1, 6)
    )
    return sweep_links(content.visible_links, times, ip=ip, headers=headers)


def _plan_cloud_single_link(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # One click with few headers, minutes after delivery.
    ip = rng.pick_server(common_networks.DATACENTRE, server_count=6)
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("one from cloud delay", 240, 1.2),
        link=rng.choice(content.visible_links),
        ip=ip,
        headers=spoofed_headers(rng),
        kind=ClickerKind.BOT,
    )


def _plan_google_safety(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    user_agent = "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)"
    ip = rng.pick_host(networks.GOOGLE)
    return sweep_links(
        content.visible_links[:1],
        schedule_times(rng, "google gap", start_s=rng.uniform_perturbed("google delay", 2, 60), gap_s=(0, 0)),
        ip=ip,
        headers=browsers.http_library(user_agent),
    )


def _plan_ai_assistant(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Reads mail for its owner, with its own User-Agent.
    user_agent = (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot"
    )
    ip, headers = rng.pick_host(networks.AZURE), browsers.http_library(user_agent)
    return sweep_links(
        content.visible_links[:2],
        schedule_times(
            rng, "assistant gap", start_s=rng.lognormal_perturbed("assistant delay", 900, 1), gap_s=(0.3, 2)
        ),
        ip=ip,
        headers=headers,
    )


def _plan_residential_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """One click from a household line with a current browser's headers: undetectable (resend-node issue 901)."""
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("at home delay", 3_000, 1.5),
        link=rng.choice(content.content_links),
        ip=rng.pick_host(common_networks.RESIDENTIAL_SCANNER + common_networks.RESIDENTIAL),
        headers=browsers.chrome("en-US,en;q=0.9"),
        kind=ClickerKind.BOT,
    )


def _plan_web_copy_crawler(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    # Crawls the web version of the message days later, slowly, with a browser's User-Agent.
    ip, headers = (
        rng.pick_host(common_networks.DATACENTRE),
        browsers.scripted_chrome(CHROME_VERSION - rng.randint(1, 9)),
    )
    start_s = rng.lognormal_perturbed("web view delay", 150_000, 0.8)
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "web view gap", start_s=start_s, gap_s=(5, 60)),
        ip=ip,
        headers=headers,
    )


SCANNERS: Final = (
    Actor(name="Trend Micro, all at once", plan=_plan_trend_micro, share=14),
    Actor(name="cloud sandbox", plan=_plan_cloud_sandbox, share=12),
    Actor(name="gateway, at delivery", plan=_plan_mail_gateway, share=12),
    Actor(name="office appliance", plan=_plan_office_appliance, share=12),
    Actor(name="Outlook.com, one link", plan=_plan_consumer_mailbox, share=12),
    Actor(name="Defender, hours later", plan=_plan_delayed_investigation, share=12),
    Actor(name="tampering scanner", plan=_plan_tampering_scanner, share=12),
    Actor(name="small hoster", plan=_plan_small_hoster, share=8),
    Actor(name="engaging sandbox", plan=_plan_engaging_sandbox, share=3),
    Actor(name="one link, from a cloud", plan=_plan_cloud_single_link, share=8),
    Actor(name="Google Safety", plan=_plan_google_safety, share=6),
)
STRAY_SCANNERS: Final = (
    Actor(name="residential scanner", plan=_plan_residential_scanner, share=1),
    Actor(name="crawler of the web version", plan=_plan_web_copy_crawler, share=1),
    Actor(name="AI assistant", plan=_plan_ai_assistant, share=1),
)
