"""Collect what key ring, registry, journal and policy know about a received message."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from clicktrail import keyring_file
from clicktrail.errors import KeyRingError, StorageError
from clicktrail.model.consent import Consent
from clicktrail.model.recipient import find_addresses
from clicktrail.model.tracking_domain import RegisteredDomain
from clicktrail.rewrite import RewriteResult
from clicktrail.rewrite.mime import Headers, parse_headers
from clicktrail.server import overrides_file
from clicktrail.server.doctor.message import MessageState
from clicktrail.server.doctor.received_message import (
    LinkOpener,
    ReceivedLink,
    classify_link,
    find_urls,
    iter_opened,
    remove_signatures,
)
from clicktrail.server.journal.scan import scan_sent_events
from clicktrail.server.pipeline.link_lookup import LinkResolver
from clicktrail.server.pipeline.redirect import ActiveEdits, Redirector
from clicktrail.server.pipeline.track import add_stored_consent, parse_control_headers
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.config import build_tracker, read_convention
from clicktrail.server.wiring.domains import read_sites
from clicktrail.server.wiring.stores import Registry, open_registry_read_only
from clicktrail.tracking import MessageMetadata
from clicktrail.tracking.tracker import parse_tracking_domain

_SENT_WINDOW = timedelta(hours=1)
"""Between the Date of a message and its ``sent`` event: programs write the Date when a message is queued."""


async def inspect_message(settings: Settings, raw: bytes) -> MessageState:
    """Collect the state of a received message.

    Raises:
        KeyRingError: the key ring cannot be used.
        SettingsError: a file that the settings name cannot be read or used.
        StorageError: the copy of the tracking domains or edits in the data folder cannot be read.
    """
    sites = read_sites(settings)
    own_hosts = (parse_tracking_domain(settings.tracking.domain).host, *(site.host for site in sites))
    classified = [link for url in find_urls(raw) if (link := classify_link(url, own_hosts))]
    async with open_registry_read_only(settings) as registry:
        opener = _build_opener(settings, registry)
        links = [
            replace(link, opening=await opener.open(link.own_url)) if link.own_url else link for link in classified
        ]
        has_own = any(link.own_url for link in links)
        return MessageState(
            links=tuple(links),
            was_relayed=not has_own and await asyncio.to_thread(_was_relayed, settings, raw),
            retracked=None if has_own else await _track_again(settings, registry, raw),
            convention=read_convention(settings),
            sites=sites,
            esp_domains=await _list_esp_domains(registry),
            date=_find_date(raw),
            has_newer_link_set=await _has_newer_link_set(registry, links, raw),
        )


def _build_opener(settings: Settings, registry: Registry) -> LinkOpener:
    ring = keyring_file.load(settings.keyring_path)
    resolver = LinkResolver(link_sets=registry.link_sets, short_links=registry.short_links)
    edits = ActiveEdits(overrides_file.read(settings.overrides_path).edits)
    return LinkOpener(ring, Redirector(ring, links=resolver), edits, now=SystemClock().now())


async def _track_again(settings: Settings, registry: Registry, raw: bytes) -> RewriteResult | None:
    """What the relay would do with the message today; None without a key ring."""
    headers = parse_control_headers(remove_signatures(raw))
    with contextlib.suppress(StorageError):  # then the recipient's consent is unknown
        headers = await add_stored_consent(headers, _find_recipients(raw), registry.consents)
    try:
        tracker = build_tracker(settings)
    except KeyRingError:
        return None
    metadata = MessageMetadata(
        message_id=RandomIds().new(),
        sent_at=SystemClock().now(),
        stream=headers.stream,
        consent=headers.stated_consent or Consent.UNKNOWN,
    )
    return tracker.rewrite_message(headers.stripped_message, metadata)


async def _has_newer_link_set(registry: Registry, links: Sequence[ReceivedLink], raw: bytes) -> bool:
    """Whether the template's campaign had a newer link set when the message was written, which leads elsewhere."""
    openings = [opening for _, opening in iter_opened(links) if opening.is_template and opening.campaign]
    date = _find_date(raw)
    if not openings or not date:
        return False
    with contextlib.suppress(StorageError):
        newest = await registry.link_sets.find_newest(openings[0].campaign)
        if newest and newest.created_at < date:
            destinations = {link.position: link.destination for link in newest.links}
            return any(destinations.get(opening.position) != opening.destination for opening in openings)
    return False


async def _list_esp_domains(registry: Registry) -> tuple[RegisteredDomain, ...]:
    with contextlib.suppress(StorageError):
        return tuple(domain for domain in await registry.domains.list_all() if domain.esp and not domain.removed_at)
    return ()


def _was_relayed(settings: Settings, raw: bytes) -> bool:
    """Whether the journal has a ``sent`` event for a recipient of the message at about the time of its Date."""
    recipients, date = _find_recipients(raw), _find_date(raw)
    if not date:
        return False
    return any(
        event.recipient in recipients and abs(event.at - date) < _SENT_WINDOW
        for event in scan_sent_events(settings.journal_path, texts=recipients)
    )


def _find_recipients(raw: bytes) -> list[str]:
    """Normalized addresses in To, Cc and Delivered-To."""
    values = [value for name in ("to", "cc", "delivered-to") for value in _get_fields(raw, name)]
    return sorted({address for value in values for address in find_addresses(value)})


def _find_date(raw: bytes) -> datetime | None:
    for value in _get_fields(raw, "date"):
        with contextlib.suppress(ValueError, TypeError):
            date = parsedate_to_datetime(value)
            return date if date.tzinfo else None
    return None


def _get_fields(raw: bytes, name: str) -> Sequence[str]:
    headers = parse_headers(raw, 0, len(raw))
    return headers.fields.get(name, ()) if isinstance(headers, Headers) else ()
