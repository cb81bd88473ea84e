"""clicktrail privacy-text: draft the paragraph on tracked links for a privacy policy."""

from enum import StrEnum
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

import typer

from clicktrail.cli.options import Config, load_settings
from clicktrail.cli.terminal import print_line
from clicktrail.config_text import decode_toml

_SEGMENT_OPEN_HOURS = 1
"""Hours for which a journal segment is written to. Its retention time begins after that."""


class Language(StrEnum):
    """Languages of privacy.toml."""

    EN = "en"
    DE = "de"


def privacy_text(
    language: Annotated[Language, typer.Option(help="en or de.", metavar="LANGUAGE")] = Language.EN,
    config: Config = None,
) -> None:
    """Draft a paragraph for your privacy policy from the current settings.

    It is a draft, not legal advice.
    """
    from clicktrail.server.wiring.config import read_policy
    from clicktrail.server.wiring.domains import read_sites

    settings = load_settings(config)
    text = (resources.files("clicktrail.cli") / "privacy.toml").read_text("utf-8")
    sentences = decode_toml(text, dict[str, dict[str, str]], name="privacy.toml")[language]
    domains = read_sites(settings)
    hosts = [domain.host for domain in domains] or [urlsplit(settings.tracking.domain).hostname or ""]
    opted_out_modes = {domain.opted_out or settings.privacy.opted_out for domain in domains}
    opted_out_mode = min(opted_out_modes, default=settings.privacy.opted_out)  # "anonymous" sorts before "none"
    landing_page_hosts = {
        host
        for domain in domains
        for host in (settings.engagement.hosts if domain.engagement_hosts is None else domain.engagement_hosts)
    }
    if not domains:
        landing_page_hosts.update(settings.engagement.hosts)
    unknown_consent_action = read_policy(settings.tracking.policy).unknown_consent
    paragraph = [
        sentences["links"].format(hosts=", ".join(hosts)),
        sentences["click"],
        sentences["why"],
        *([sentences["pages"].format(pages=", ".join(sorted(landing_page_hosts)))] if landing_page_hosts else []),
        sentences["address"].format(
            hours=settings.privacy.ip_address_hours, journal=settings.journal.retention_hours + _SEGMENT_OPEN_HOURS
        ),
        sentences[unknown_consent_action],
        sentences[f"opted_out_{opted_out_mode}"],
        sentences["rest"],
    ]
    print_line(" ".join(paragraph))
