"""People who click as scanners do, or beside one, or with many others."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bench.population.draws import PerturbedRandom
from bench.population.plan import Actor, ClickerKind, MessageContent, PageActivity, PlannedRequest
from bench.population.reading import add_page_activity, follow_links, office_ips, pick_desktop_headers, pick_language
from bench.population.scanners import spoofed_headers
from clicktrail.demo.population import browsers, networks

__all__ = ["HOME_ACTORS", "MEETING_ATTENDEE", "WORK_ACTORS"]

_DESKTOP_DELAY: Final = ("odd desktop delay", 7_000, 1.9)
_OFFICE_DELAY: Final = ("odd office delay", 1_200, 1.5)
_SHORT_DELAY: Final = ("soon", 90, 1.0)


def _meeting_attendee(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """With all colleagues, within two minutes, from one address: somebody said in a meeting "look at your mail"."""
    at = PerturbedRandom(0, f"meeting of {content.company} {content.campaign}").lognormal_perturbed(
        "meeting", 1_200, 1
    ) + rng.uniform(0, 120)
    ip, headers = office_ips(content.company, count=1)[0], pick_desktop_headers(rng)
    yield add_page_activity(
        PlannedRequest(
            delay_s=at, link=rng.choice(content.content_links), ip=ip, headers=headers, kind=ClickerKind.HUMAN
        ),
        rng,
    )


def _link_tester(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """A marketer who tries every link soon after sending."""
    ip, headers = rng.choice(office_ips(content.company, count=2)), pick_desktop_headers(rng)
    at = rng.uniform_perturbed("tester delay", 40, 900)
    for link in content.visible_links:
        yield add_page_activity(
            PlannedRequest(delay_s=at, link=link, ip=ip, headers=headers, kind=ClickerKind.HUMAN), rng
        )
        at += rng.uniform_perturbed("tester gap", 1.5, 8)


def _link_sharer(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Puts a link into a chat: many follow the same one within minutes, at the office, at home, on the train."""
    office = office_ips(content.company, count=4)
    first = next(
        follow_links(content, rng, ip=rng.choice(office), headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)
    )
    yield first
    for _ in range(rng.randint(3, 15)):
        after = replace(
            first.repeat_after(rng.lognormal_perturbed("passed around", 120, 1)), page_activity=PageActivity.UNSEEN
        )
        if rng.happens(0.6):
            after = replace(after, ip=rng.choice(office), headers=pick_desktop_headers(rng))
        else:
            ip = rng.pick_host(networks.RESIDENTIAL + networks.MOBILE)
            after = replace(after, ip=ip, headers=browsers.safari(pick_language(rng)))
        yield add_page_activity(after, rng)


def _shared_mailbox(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Several people read the mail to one address."""
    for _ in range(rng.randint(2, 6)):
        ip = rng.choice(office_ips(content.company, count=4))
        yield from follow_links(content, rng, ip=ip, headers=pick_desktop_headers(rng), delay=_OFFICE_DELAY)


def _antivirus_user(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Has an antivirus program that sends what its user follows to its maker, who looks as well, seconds after."""
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


def _reloader(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Finds the page slow, and asks for it again and again."""
    headers = browsers.safari(pick_language(rng))
    for request in follow_links(content, rng, ip=rng.pick_host(networks.MOBILE), headers=headers, delay=_DESKTOP_DELAY):
        patience, times = rng.uniform_perturbed("patience", 1, 5), rng.randint(1, 5)
        for number in range(times):
            yield replace(request.repeat_after(number * patience), page_activity=PageActivity.UNSEEN)
        yield request.repeat_after(times * patience)


def _link_paster(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Copies a link with the full stop behind it, is told that there is nothing, and clicks."""
    for request in follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_DESKTOP_DELAY
    ):
        yield replace(request, is_tampered=True)
        yield add_page_activity(request.repeat_after(rng.uniform_perturbed("pasting again", 4, 30)), rng)


def _awaiting_reader(content: MessageContent, rng: PerturbedRandom) -> Iterator[PlannedRequest]:
    """Waits for this message: a code, an invitation."""
    return follow_links(
        content, rng, ip=rng.pick_host(networks.RESIDENTIAL), headers=pick_desktop_headers(rng), delay=_SHORT_DELAY
    )


HOME_ACTORS: Final = (
    Actor(name="person, waits for it", plan=_awaiting_reader, share=9),
    Actor(name="person, antivirus", plan=_antivirus_user, share=5),
    Actor(name="person, reloads", plan=_reloader, share=4),
    Actor(name="person, pastes", plan=_link_paster, share=3),
)
WORK_ACTORS: Final = (
    Actor(name="person, tests links", plan=_link_tester, share=3),
    Actor(name="person, passes it on", plan=_link_sharer, share=3),
    Actor(name="person, shared mailbox", plan=_shared_mailbox, share=3),
)
MEETING_ATTENDEE: Final = Actor(name="person, all at once", plan=_meeting_attendee)
