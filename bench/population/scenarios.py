"""The two simulated populations: mostly common actors, or mostly rare ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.population import (
    cloud_people,
    companions,
    held_out_scanners,
    other_browsers,
    patient_programs,
    people,
    rare_behaviour,
    rare_browsers,
    rare_networks,
    scanners,
)
from bench.population.plan import Actor
from bench.population.previews import PREVIEWS


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignShape:
    """A kind of campaign: its name, the share of recipients at companies, and its number of visible links."""

    name: str
    company_share: float
    link_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Actors and conditions of delivery.

    Attributes:
        name: name of the population.
        home_actors: people with private mailboxes.
        work_actors: people with company mailboxes.
        scanners: scanners of companies' mail servers.
        stray_scanners: scanners that belong to no mail server.
        previews: programs that show a preview of a link.
        meeting_share: share of companies, for each campaign, where many people click at the same time.
        greylisted_share: share of messages that are delivered 15 minutes late.
        clock_skew_s: standard deviation of the clock error in delivery events.
        http_share: share of campaigns whose tracking domain has no TLS.
        scanned_company_share: share of companies with a scanner, which scans nine in ten messages.
        stray_share: share of messages followed by a scanner that belongs to no mail server.
        bounced_share: share of messages that the recipient's server refuses, after its scanner has followed links.
        shapes: kinds of campaigns; if empty, their properties are drawn.
    """

    name: str
    home_actors: tuple[Actor, ...]
    work_actors: tuple[Actor, ...]
    scanners: tuple[Actor, ...]
    stray_scanners: tuple[Actor, ...] = held_out_scanners.STRAY_SCANNERS
    previews: tuple[Actor, ...] = PREVIEWS
    meeting_share: float
    greylisted_share: float
    clock_skew_s: float
    http_share: float
    scanned_company_share: float = 0.35
    stray_share: float = 0.0005
    bounced_share: float = 0.0
    shapes: tuple[CampaignShape, ...] = ()


def _mix_actors(common: Sequence[Actor], rare: Sequence[Actor], *, rare_share: float) -> tuple[Actor, ...]:
    return (*_scale_shares(common, 1 - rare_share), *_scale_shares(rare, rare_share))


def _scale_shares(actors: Sequence[Actor], total_share: float) -> Iterator[Actor]:
    total = sum(actor.share for actor in actors)
    return (replace(actor, share=total_share * actor.share / total) for actor in actors)


_RARE_HOME_ACTORS: Final = (*rare_browsers.HOME_ACTORS, *rare_networks.HOME_ACTORS, *rare_behaviour.HOME_ACTORS)
_RARE_WORK_ACTORS: Final = (*rare_browsers.WORK_ACTORS, *rare_networks.WORK_ACTORS, *rare_behaviour.WORK_ACTORS)

COMMON: Final = Scenario(
    name="common",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, rare_share=0.1),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, rare_share=0.1),
    scanners=_mix_actors(scanners.SCANNERS, held_out_scanners.SCANNERS, rare_share=0.1),
    meeting_share=0.01,
    greylisted_share=0.01,
    clock_skew_s=0.5,
    http_share=0.05,
)
UNSEEN: Final = Scenario(
    name="unseen",
    home_actors=_mix_actors(people.HOME_ACTORS, _RARE_HOME_ACTORS, rare_share=0.5),
    work_actors=_mix_actors(people.WORK_ACTORS, _RARE_WORK_ACTORS, rare_share=0.5),
    scanners=held_out_scanners.SCANNERS,
    meeting_share=0.06,
    greylisted_share=0.1,
    clock_skew_s=4,
    http_share=0.15,
)
LIFELIKE: Final = Scenario(
    name="lifelike",
    home_actors=_mix_actors(people.HOME_ACTORS, (*_RARE_HOME_ACTORS, *other_browsers.HOME_ACTORS), rare_share=0.15),
    work_actors=_mix_actors(
        people.WORK_ACTORS,
        (*_RARE_WORK_ACTORS, *cloud_people.WORK_ACTORS, *companions.WORK_ACTORS),
        rare_share=0.3,
    ),
    scanners=_mix_actors(
        scanners.SCANNERS,
        (*_scale_shares(held_out_scanners.SCANNERS, 0.7), *_scale_shares(patient_programs.SCANNERS, 0.3)),
        rare_share=0.3,
    ),
    stray_scanners=(*held_out_scanners.STRAY_SCANNERS, *patient_programs.STRAY_SCANNERS),
    meeting_share=0.01,
    greylisted_share=0.02,
    clock_skew_s=0.5,
    http_share=0.0,
    scanned_company_share=0.45,  # times nine in ten messages: 40 % are scanned
    stray_share=0.001,
    bounced_share=0.02,
    shapes=(
        CampaignShape(name="newsletter", company_share=0.15, link_count=9),
        CampaignShape(name="offer", company_share=0.3, link_count=4),
        CampaignShape(name="notice", company_share=0.4, link_count=1),
        CampaignShape(name="b2b", company_share=0.95, link_count=8),
    ),
)
"""The base rates of real mail: 6 % of messages are followed by a person, and 40 % of those to companies are scanned."""
