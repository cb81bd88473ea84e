"""clicktrail privacy-text: what to say about tracked links in one's privacy policy."""

from enum import StrEnum
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

import typer

from clicktrail.cli.options import Config
from clicktrail.config_text import decode_toml
from clicktrail.server import settings

__all__ = ["privacy_text"]


_SEGMENT_OPEN_HOURS = 1
"""How long a segment of the journal is written to before it is kept for the time that the settings say."""


class Language(StrEnum):
    """A language that there are words in."""

    EN = "en"
    DE = "de"


def privacy_text(
    language: Annotated[Language, typer.Option(help="en or de.", metavar="LANGUAGE")] = Language.EN,
    config: Config = None,
) -> None:
    """Write a paragraph for your privacy policy from the settings in force. It is a draft, and no legal advice."""
    # The policies' parser and the domains' are slow to import, and no other command should wait for them.
    from clicktrail.server.wiring.config import read_domains, read_policy

    loaded = settings.load(config, settings.get_environment())
    text = (resources.files("clicktrail.cli") / "privacy.toml").read_text("utf-8")
    says = decode_toml(text, dict[str, dict[str, str]], name="privacy.toml")[language]
    domains = read_domains(loaded)
    hosts = [domain.host for domain in domains] or [urlsplit(loaded.tracking.domain).hostname or ""]
    opted_out = {domain.opted_out or loaded.privacy.opted_out for domain in domains} or {loaded.privacy.opted_out}
    listed = [domain.engagement_hosts for domain in domains] or [None]
    pages = sorted({host for own in listed for host in (loaded.engagement.hosts if own is None else own)})
    sentences = [
        says["links"].format(hosts=", ".join(hosts)),
        says["click"],
        says["why"],
        *([says["pages"].format(pages=", ".join(pages))] if pages else []),
        says["address"].format(
            hours=loaded.privacy.ip_address_hours, journal=loaded.journal.retention_hours + _SEGMENT_OPEN_HOURS
        ),
        says[read_policy(loaded.tracking.policy).unknown_consent],
        says[f"opted_out_{min(opted_out)}"],  # where domains differ, the one that records more
        says["rest"],
    ]
    print(" ".join(sentences))
