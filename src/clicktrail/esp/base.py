"""What clicktrail knows of an ESP's tracking domains: where their records lead, and who issues their certificates."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Region(StrEnum):
    """Region of an account at an ESP."""

    US = "us"
    EU = "eu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """An ESP. Host names are in lower case and have no last dot.

    Attributes:
        name: name in settings and options.
        title: name for people.
        targets: CNAME targets of tracking domains by region, the one to create first. Empty if the ESP shows each
            customer another one.
        shared_hosts: hosts whose subdomains the ESP tracks clicks on for customers without a tracking domain.
        issuer: CA of the certificates that the ESP obtains, as in a CAA record; empty if unknown.
        return_path: pattern of the hosts that sending records (Return-Path, DKIM) lead to. A tracking domain that leads
            there is a mistake. Empty if there are none.
        challenge_hosts: hosts whose subdomains the ESP delegates ``_acme-challenge`` to.
        target_shown_at: where the ESP shows the target to a customer; empty if `targets` has it.
        source: where these facts are from.
        checked_on: day on which the source was read.
    """

    name: str
    title: str
    targets: Mapping[Region, tuple[str, ...]]
    shared_hosts: tuple[str, ...] = ()
    issuer: str = ""
    return_path: str = ""
    challenge_hosts: tuple[str, ...] = ()
    target_shown_at: str = ""
    source: str
    checked_on: dt.date
