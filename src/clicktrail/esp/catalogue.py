"""All ESPs that clicktrail knows, and which of them a host belongs to."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from clicktrail.esp.base import Esp, Region
from clicktrail.esp.klaviyo import KLAVIYO
from clicktrail.esp.mailgun import MAILGUN
from clicktrail.esp.postmark import POSTMARK
from clicktrail.esp.sendgrid import SENDGRID

ESPS: Final = {esp.name: esp for esp in (SENDGRID, MAILGUN, POSTMARK, KLAVIYO)}


def iter_targets() -> Iterator[tuple[Esp, Region, str]]:
    """Every CNAME target with its ESP and region."""
    for esp in ESPS.values():
        for region, names in esp.targets.items():
            for name in names:
                yield esp, region, name


def find_esp_of_target(name: str) -> Esp | None:
    """ESP whose tracking domains lead to this name, or that owns the name as a shared tracking host."""
    for esp, _, target in iter_targets():
        if name == target:
            return esp
    return next((esp for esp in ESPS.values() if is_below(name, esp.shared_hosts)), None)


def find_esp_of_return_path(name: str) -> Esp | None:
    """ESP whose sending records (Return-Path, DKIM) lead to this name."""
    return next((esp for esp in ESPS.values() if esp.return_path and re.fullmatch(esp.return_path, name)), None)


def is_below(name: str, hosts: Iterable[str]) -> bool:
    """Whether a name is one of these hosts or a subdomain of one."""
    return any(name == host or name.endswith(f".{host}") for host in hosts)
