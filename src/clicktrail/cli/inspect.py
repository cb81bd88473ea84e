"""clicktrail inspect: show what a tracking URL contains."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json, Keys, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.errors import StorageError, TokenError, TokenMalformedError
from clicktrail.tokens import KeyRing, TokenFormat, identify_key, open_token

if TYPE_CHECKING:
    from clicktrail.server.pipeline.link_lookup import LinkReference
    from clicktrail.server.settings import Settings

_MAX_URL_CHARS = 80
"""Characters of a URL that an error shows."""


def inspect(
    url: Annotated[
        str,
        typer.Argument(help="Tracking URL or its token; write -- before a token that begins with -.", metavar="URL"),
    ],
    keys: Keys = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show what a tracking URL contains: destination, message, campaign, recipient, position and time."""
    settings = load_settings(config)
    ring_path = keys or settings.keyring_path
    ring = keyring_file.load(ring_path)
    path = _parse_path(url)
    try:
        contents = _open_path(ring, path, settings)
    except TokenError as error:
        hint = (
            _describe_damage(url)
            or _describe_wrong_host(url, settings.tracking.domain)
            or _describe_key(ring, path.partition("/")[0], ring_path)
        )
        raise type(error)(f"'{_shorten_url(url)}' does not open: {error}", hint=hint) from error
    if json_:
        print_json(contents)
        return
    for name, value in contents.items():
        print_line(f"{name:<18} {value}".rstrip())


def _parse_path(url: str) -> str:
    """Path of a URL as the edge reads it: without its slash, and without a query, which relays may add."""
    try:
        return urlsplit(url.strip()).path.removeprefix("/")
    except ValueError as error:
        raise TokenMalformedError(
            f"'{_shorten_url(url)}' is no URL: {error}", hint="copy the link's address"
        ) from error


def _shorten_url(url: str) -> str:
    text = " ".join(url.split())
    return text if len(text) <= _MAX_URL_CHARS else f"{text[:_MAX_URL_CHARS]}…"


def _open_path(ring: KeyRing, path: str, settings: "Settings") -> dict[str, Any]:
    """Fields of the token, and for a campaign or short token also what the registry stores about its link."""
    token_format, key_number = identify_key(path.partition("/")[0]) or (None, None)
    if token_format is TokenFormat.SEALED:
        return {"format": token_format.value, "key": key_number, **_open_sealed_token(ring, path)}

    # Link lookup and registry are slow to import, and a sealed token needs neither.
    import asyncio

    from clicktrail.server.pipeline.link_lookup import ReferenceKind, parse_reference

    reference = parse_reference(ring, path)
    contents: dict[str, Any] = (
        {"format": token_format.value, "key": key_number} if token_format else {"format": "short"}
    )
    if reference.kind is ReferenceKind.LINK_SET:
        contents |= {"link_set": reference.number, "message_id": reference.message_id}
        contents |= {"recipient": reference.recipient, "recipient_unsealed": reference.recipient_unsealed}
    if reference.sent_at:
        contents["sent_at"] = _format_time(reference.sent_at)
    contents["position"] = reference.position
    return contents | asyncio.run(_find_stored_link(settings, reference))


def _open_sealed_token(ring: KeyRing, token: str) -> dict[str, Any]:
    sealed = open_token(ring, token)
    return {
        "destination": sealed.destination,
        "message_id": sealed.message_id,
        "campaign": sealed.campaign,
        "recipient": sealed.recipient,
        "position": sealed.position,
        "links": sealed.link_count,
        "group": sealed.group,
        "trap": sealed.is_trap,
        "sent_at": _format_time(sealed.sent_at),
    }


async def _find_stored_link(settings: "Settings", reference: "LinkReference") -> dict[str, Any]:
    """What the registry stores about a link; empty, with a message, if it has no such link or is unavailable."""
    from clicktrail.server.pipeline.link_lookup import LinkResolver, ReferenceKind
    from clicktrail.server.system import SystemClock
    from clicktrail.server.wiring.links import open_links

    async with open_links(settings) as stored_links:
        resolver = LinkResolver(link_sets=stored_links.link_sets, short_links=stored_links.short_links)
        try:
            target = await resolver.resolve(reference, now=SystemClock().now())
        except StorageError as error:
            print_message(f"no destination shown: the registry, which stores it, is unavailable: {error}")
            return {}
    link = target.links.get(reference.position) if target else None
    if target is None or link is None:
        print_message("no destination shown: the registry has no such link")
        return {}
    stored = {
        "destination": link.destination,
        "campaign": target.campaign,
        "links": len(target.links),
        "group": link.group,
        "trap": link.is_trap,
    }
    if reference.kind is ReferenceKind.SHORT_MESSAGE:
        stored |= {"message_id": target.message_id, "recipient": target.recipient}
    return stored


def _format_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _describe_damage(url: str) -> str:
    """How the URL was damaged in transit, if that is visible; else empty."""
    if "…" in url or "..." in url:
        return "it is cut off at the dots: copy the link's address, not its text"
    if re.search(r"\s", url.strip()) or url.strip().endswith("="):
        return "it contains a line break: join its lines, without a = at the end of a line"
    return ""


def _describe_wrong_host(url: str, domain: str) -> str:
    host, tracking_host = urlsplit(url.strip()).netloc, urlsplit(domain).netloc
    if not host or host == tracking_host:
        return ""
    return f"its host is {host}, and tracking.domain is {tracking_host}: check that it is one of your links"


def _describe_key(ring: KeyRing, token: str, ring_path: Path) -> str:
    _, key_number = identify_key(token) or (None, None)
    key = next((key for key in ring.keys if key.number == key_number), None)
    if key is None:
        return f"its last character belongs to no key in {ring_path}: check that URL and key ring are the right ones"
    return f"its last character belongs to key {key.number} in {ring_path} (state {key.state}): check the URL"
