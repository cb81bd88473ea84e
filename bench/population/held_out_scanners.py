"""Scanners that are rarer, or that less is known of: one log, one report or one conversation each."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population import networks
from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import office_ips
from bench.population.scanners import schedule_times, spoofed_headers, sweep_links
from clicktrail.demo.population import browsers
from clicktrail.demo.population import networks as usual
from clicktrail.demo.population.browsers import CHROME_VERSION

__all__ = ["SCANNERS", "STRAY_SCANNERS"]


def _trend_micro(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """All links within milliseconds, tens of seconds after delivery (MillionSend issue 22)."""
    ip = rng.pick_server(usual.TREND_MICRO + usual.AMAZON, server_count=3)
    headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 6))
    return sweep_links(
        content.visible_links,
        schedule_times(
            rng, "trend micro gap", start_s=rng.uniform_perturbed("trend micro delay", 20, 180), gap_s=(0.001, 0.006)
        ),
        ip=ip,
        headers=headers,
    )


def _mail_gateway(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Follows every link before it lets the message in."""
    ip, start = rng.pick_server(usual.MAIL_GATEWAY, server_count=2), -rng.uniform_perturbed("gateway delay", 0.2, 3)
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "gateway gap", start_s=start, gap_s=(0, 0.3)),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _cloud_sandbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """A current browser on rented computers, link by link, that runs scripts and touches nothing."""
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 3))
    for link in content.visible_links:
        ip, at = rng.pick_host(networks.SANDBOXES), rng.lognormal_perturbed("sandbox delay", 120, 1)
        yield PlannedRequest(
            delay_s=at, link=link, ip=ip, headers=headers, kind=ClickerKind.BOT, page_activity=PageActivity.LOADED
        )


def _office_appliance(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """In the company's own rooms: it comes from the address that the company's people come from (FortiMail)."""
    ip = office_ips(content.company, count=6)[0]
    return sweep_links(
        content.visible_links,
        schedule_times(
            rng, "appliance gap", start_s=rng.uniform_perturbed("appliance delay", 1, 40), gap_s=(0.02, 0.5)
        ),
        ip=ip,
        headers=spoofed_headers(rng),
    )


def _delayed_investigation(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Looks again hours after: Defender's automated investigation."""
    ip, headers = rng.pick_host(usual.MICROSOFT), browsers.scripted_chrome(CHROME_VERSION - rng.randint(4, 20))
    start = rng.lognormal_perturbed("again delay", 14_000, 0.6)
    return sweep_links(
        content.visible_links,
        schedule_times(rng, "again gap", start_s=start, gap_s=(0.05, 0.9)),
        ip=ip,
        headers=headers,
    )


def _consumer_mailbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Outlook.com: one link, one visit, from Microsoft (orita.ai)."""
    ip, link = rng.pick_host(usual.MICROSOFT), rng.choice(content.visible_links)
    headers = browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 10))
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("consumer mailbox delay", 60, 1),
        link=link,
        ip=ip,
        headers=headers,
        kind=ClickerKind.BOT,
        page_activity=PageActivity.LOADED,
    )


def _tampering_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Damages the link, then follows it from elsewhere under another name (mautic issue 9798)."""
    for link in content.visible_links:
        at = rng.uniform_perturbed("scrambler delay", 5, 300)
        probe = PlannedRequest(
            delay_s=at,
            link=link,
            ip=rng.pick_host(usual.PROOFPOINT),
            headers=spoofed_headers(rng),
            kind=ClickerKind.BOT,
            is_tampered=True,
        )
        yield probe
        headers = browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 12))
        yield replace(
            probe,
            delay_s=at + rng.uniform_perturbed("scrambler gap", 0.2, 4),
            ip=rng.pick_host(usual.AMAZON),
            headers=headers,
            is_tampered=False,
        )


def _engaging_sandbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """A sandbox that moves the mouse and fills in forms, by the browser's own means: the page takes it for a person."""
    ip, headers = (
        rng.pick_host(networks.SANDBOXES),
        browsers.chrome("en-US,en;q=0.9", version=CHROME_VERSION - rng.randint(0, 3)),
    )
    times = schedule_times(rng, "handy gap", start_s=rng.lognormal_perturbed("handy delay", 200, 1), gap_s=(3, 20))
    for request in sweep_links(content.visible_links[:4], times, ip=ip, headers=headers):
        yield replace(request, page_activity=PageActivity.ENGAGED)


def _small_hoster(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """On computers of a hoster that few know, without haste."""
    ip, headers = (
        rng.pick_server(networks.SMALL_HOSTERS, server_count=5),
        browsers.scripted_chrome(CHROME_VERSION - rng.randint(0, 9)),
    )
    times = schedule_times(
        rng, "small hoster gap", start_s=rng.lognormal_perturbed("small hoster delay", 90, 1), gap_s=(1, 6)
    )
    return sweep_links(content.visible_links, times, ip=ip, headers=headers)


def _cloud_single_link(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """One link by a stripped program on a rented computer, minutes after."""
    ip = rng.pick_server(usual.DATACENTRE, server_count=6)
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("one from cloud delay", 240, 1.2),
        link=rng.choice(content.visible_links),
        ip=ip,
        headers=spoofed_headers(rng),
        kind=ClickerKind.BOT,
    )


def _google_safety(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Says what it is."""
    agent = "Mozilla/5.0 (compatible; Google-Safety; +http://www.google.com/bot.html)"
    ip = rng.pick_host(("66.249.64.0/19",))
    return sweep_links(
        content.visible_links[:1],
        schedule_times(rng, "google gap", start_s=rng.uniform_perturbed("google delay", 2, 60), gap_s=(0, 0)),
        ip=ip,
        headers=browsers.http_library(agent),
    )


def _ai_assistant(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """An assistant that reads the mail for its owner, and says so."""
    agent = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot"
    ip, headers = rng.pick_host(networks.AZURE), browsers.http_library(agent)
    return sweep_links(
        content.visible_links[:2],
        schedule_times(
            rng, "assistant gap", start_s=rng.lognormal_perturbed("assistant delay", 900, 1), gap_s=(0.3, 2)
        ),
        ip=ip,
        headers=headers,
    )


def _residential_scanner(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """From a home line, once, under a current browser's headers (resend-node issue 901): nothing gives it away."""
    yield PlannedRequest(
        delay_s=rng.lognormal_perturbed("at home delay", 3_000, 1.5),
        link=rng.choice(content.content_links),
        ip=rng.pick_host(usual.RESIDENTIAL_SCANNER + usual.RESIDENTIAL),
        headers=browsers.chrome("en-US,en;q=0.9"),
        kind=ClickerKind.BOT,
    )


def _web_copy_crawler(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Crawls the message's copy on the web, days after, without haste and without a name."""
    ip, headers = rng.pick_host(usual.DATACENTRE), browsers.scripted_chrome(CHROME_VERSION - rng.randint(1, 9))
    start = rng.lognormal_perturbed("web view delay", 150_000, 0.8)
    return sweep_links(
        content.visible_links, schedule_times(rng, "web view gap", start_s=start, gap_s=(5, 60)), ip=ip, headers=headers
    )


SCANNERS: Final = (
    Actor(name="Trend Micro, at once", plan=_trend_micro, share=14),
    Actor(name="rented sandbox", plan=_cloud_sandbox, share=12),
    Actor(name="gateway, at delivery", plan=_mail_gateway, share=12),
    Actor(name="appliance in the office", plan=_office_appliance, share=12),
    Actor(name="Outlook.com, one link", plan=_consumer_mailbox, share=12),
    Actor(name="Defender, hours after", plan=_delayed_investigation, share=12),
    Actor(name="scrambler", plan=_tampering_scanner, share=12),
    Actor(name="small hoster", plan=_small_hoster, share=8),
    Actor(name="sandbox with hands", plan=_engaging_sandbox, share=3),
    Actor(name="one link, from a cloud", plan=_cloud_single_link, share=8),
    Actor(name="Google, by name", plan=_google_safety, share=6),
)
STRAY_SCANNERS: Final = (
    Actor(name="scanner on a home line", plan=_residential_scanner, share=1),
    Actor(name="crawler of the web view", plan=_web_copy_crawler, share=1),
    Actor(name="assistant, by name", plan=_ai_assistant, share=1),
)
