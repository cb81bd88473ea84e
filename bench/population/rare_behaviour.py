"""Rare kinds of people: their clicks resemble a scanner's, or come with a program's or with many other people's."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import add_page_activity, follow_links, office_ips, pick_desktop_headers, pick_language
from bench.population.scanners import spoofed_headers
from clicktrail.demo.population import browsers, networks

_DESKTOP_DELAY: Final = ("odd desktop delay", 7_000, 1.9)
_OFFICE_DELAY: Final = ("odd office delay", 1_200, 1.5)
_SHORT_DELAY: Final = ("soon", 90, 1.0)


def _plan_meeting_attendee(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Clicks with many colleagues within two minutes, from one address: their mail came up in a meeting."""
    delay_s = PerturbedRandom(0, f"meeting of {content.company} {content.campaign}").lognormal_perturbed(
        "meeting", 1_200, 1
    ) + rng.uniform(0, 120)
    ip, headers = office_ips(content.company, count=1)[0], pick_desktop_headers(rng)
    yield add_page_activity(
        PlannedRequest(
            delay_s=delay_s, link=rng.choice(content.content_links), ip=ip, headers=headers, kind=ClickerKind.HUMAN
        ),
        rng,
    )


def _plan_link_tester(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Marketer who tries every link soon after sending."""
    ip, headers = rng.choice(office_ips(content.company, count=2)), pick_desktop_headers(rng)
    delay_s = rng.uniform_perturbed("tester delay", 40, 900)
    for link in content.visible_links:
        yield add_page_activity(
            PlannedRequest(delay_s=delay_s, link=link, ip=ip, headers=headers, kind=ClickerKind.HUMAN), rng
        )
        delay_s += rng.uniform_perturbed("tester gap", 1.5, 8)


def _plan_link_sharer(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Shares a link in a chat: several colleagues follow it within minutes, in the office or elsewhere."""
    office = office_ips(content.company, count=4)
    first = next(
        follow_links(content, rng, ip=rng.choice(office), headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)
    )
    yield first
    for _ in range(rng.randint(3, 15)):
        click = replace(
            first.repeat_after(rng.lognormal_perturbed("passed around", 120, 1)), page_activity=PageActivity.UNSEEN
        )
        if rng.happens(0.6):
            click = replace(click, ip=rng.choice(office), headers=pick_desktop_headers(rng))
        else:
            ip = rng.pick_host(networks.RESIDENTIAL + networks.MOBILE)
            click = replace(click, ip=ip, headers=browsers.safari(pick_language(rng)))
        yield add_page_activity(click, rng)


def _plan_shared_mailbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Mailbox that several people read."""
    for _ in range(rng.randint(2, 6)):
        ip = rng.choice(office_ips(content.company, count=4))
        yield from follow_links(content, rng, ip=ip, headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)


def _plan_antivirus_user(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Has an antivirus program whose vendor requests every followed link seconds later."""
    for request in follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_DESKTOP_DELAY
    ):
        yield request
        yield replace(
            request.repeat_after(rng.uniform_perturbed("antivirus lag", 1, 15)),
            ip=rng.pick_host(networks.AMAZON),
            headers=spoofed_headers(rng),
            kind=ClickerKind.BOT,
            page_activity=PageActivity.UNSEEN,
        )


def _plan_reloader(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Reloads a slow page."""
    headers = browsers.safari(pick_language(rng))
    for request in follow_links(content, rng, ip=rng.pick_host(networks.MOBILE), headers=headers, delay=_DESKTOP_DELAY):
        patience_s, reload_count = rng.uniform_perturbed("patience", 1, 5), rng.randint(1, 5)
        for number in range(reload_count):
            yield replace(request.repeat_after(number * patience_s), page_activity=PageActivity.UNSEEN)
        yield request.repeat_after(reload_count * patience_s)


def _plan_link_paster(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Pastes a link with the full stop after it, gets the error page, and clicks the link."""
    for request in follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_DESKTOP_DELAY
    ):
        yield replace(request, is_tampered=True)
        yield add_page_activity(request.repeat_after(rng.uniform_perturbed("pasting again", 4, 30)), rng)


def _plan_awaiting_reader(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Waits for the message, such as a code or an invitation."""
    return follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_SHORT_DELAY
    )


HOME_ACTORS: Final = (
    Actor(name="person, awaits message", plan=_plan_awaiting_reader, share=9),
    Actor(name="person, antivirus", plan=_plan_antivirus_user, share=5),
    Actor(name="person, reloads", plan=_plan_reloader, share=4),
    Actor(name="person, pastes link", plan=_plan_link_paster, share=3),
)
WORK_ACTORS: Final = (
    Actor(name="person, tests links", plan=_plan_link_tester, share=3),
    Actor(name="person, shares link", plan=_plan_link_sharer, share=3),
    Actor(name="person, shared mailbox", plan=_plan_shared_mailbox, share=3),
)
MEETING_ATTENDEE: Final = Actor(name="person, meeting", plan=_plan_meeting_attendee)
