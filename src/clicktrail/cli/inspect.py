"""clicktrail inspect: show what a tracking URL holds."""

import asyncio
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json, Keys
from clicktrail.errors import StorageError, TokenError, TokenMalformedError
from clicktrail.server import settings
from clicktrail.server.pipeline.link_lookup import LinkReference, LinkResolver, ReferenceKind, parse_reference
from clicktrail.server.settings import Settings
from clicktrail.tokens import KeyRing, TokenFormat, identify_key, open_token

__all__ = ["inspect"]

_MAX_URL_CHARS = 80
"""Characters of a URL that an error repeats."""


def inspect(
    url: Annotated[
        str,
        typer.Argument(help="A tracking URL, or its token; -- goes before a token that begins with -.", metavar="URL"),
    ],
    keys: Keys = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show what a tracking URL holds: destination, message, campaign, recipient, position and time."""
    loaded = settings.load(config, settings.get_environment())
    path = keys or loaded.keyring_path
    ring = keyring_file.load(path)
    token = _parse_path(url).partition("/")[0]
    try:
        described = _describe_token(ring, _parse_path(url), loaded)
    except TokenError as error:
        hint = (
            _find_damage_hint(url) or _find_host_hint(url, loaded.tracking.domain) or _find_key_hint(ring, token, path)
        )
        raise type(error)(f"'{_shorten_url(url)}' does not open: {error}", hint=hint) from error
    if json_:
        print(json.dumps(described, indent=1))
        return
    for name, value in described.items():
        print(f"{name:<18} {value}".rstrip())


def _parse_path(url: str) -> str:
    """The path, as the edge takes it: without its slash, and without a query that a relay may have added.

    Raises:
        TokenMalformedError: not even a URL.
    """
    try:
        return urlsplit(url.strip()).path.removeprefix("/")
    except ValueError as error:
        raise TokenMalformedError(
            f"'{_shorten_url(url)}' is no URL: {error}", hint="copy the link's address"
        ) from error


def _shorten_url(url: str) -> str:
    text = " ".join(url.split())
    return text if len(text) <= _MAX_URL_CHARS else f"{text[:_MAX_URL_CHARS]}…"


def _describe_token(ring: KeyRing, path: str, loaded: Settings) -> dict[str, Any]:
    """What a path holds, by the names that clicktrail.tokens gives it, and what the registry keeps of its link.

    Raises:
        TokenError: it does not open.
    """
    named = identify_key(path.partition("/")[0])
    if named and named[0] is TokenFormat.SEALED:
        return {"format": named[0].value, "key": named[1], **_describe_sealed_token(ring, path)}
    reference = parse_reference(ring, path)
    described: dict[str, Any] = {"format": "short"} if named is None else {"format": named[0].value, "key": named[1]}
    if reference.kind is ReferenceKind.LINK_SET:
        described |= {"link_set": reference.number, "message_id": reference.message_id}
        described |= {"recipient": reference.recipient, "recipient_unsealed": reference.recipient_unsealed}
    if reference.sent_at:
        described["sent_at"] = _format_time(reference.sent_at)
    return described | {"position": reference.position} | asyncio.run(_find_stored_link(loaded, reference))


def _describe_sealed_token(ring: KeyRing, token: str) -> dict[str, Any]:
    sealed = open_token(ring, token)
    return {
        "destination": sealed.destination,
        "message_id": sealed.message_id,
        "campaign": sealed.campaign,
        "recipient": sealed.recipient,
        "position": sealed.position,
        "links": sealed.link_count,
        "group": sealed.group,
        "sent_at": _format_time(sealed.sent_at),
    }


async def _find_stored_link(loaded: Settings, reference: LinkReference) -> dict[str, Any]:
    """What the registry has of a link; nothing, and a line on standard error, where it has none or does not answer."""
    # Its database packages are slow to import, and no other command should wait for them.
    from clicktrail.server.wiring.stores import open_registry_read_only

    async with open_registry_read_only(loaded) as registry:
        try:
            found = await LinkResolver(link_sets=registry.link_sets, short_links=registry.short_links).resolve(
                reference
            )
        except StorageError as error:
            print(f"clicktrail: where this link leads is kept in the registry: {error}", file=sys.stderr)
            return {}
    link = found.links.get(reference.position) if found else None
    if found is None or link is None:
        print("clicktrail: where this link leads is kept in the registry, which knows no such link", file=sys.stderr)
        return {}
    kept = {"destination": link.destination, "campaign": found.campaign, "links": len(found.links), "group": link.group}
    if reference.kind is ReferenceKind.SHORT_MESSAGE:
        kept |= {"message_id": found.message_id, "recipient": found.recipient}
    return kept


def _format_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _find_damage_hint(url: str) -> str:
    """What happened to a URL on its way, where that can be seen; else empty."""
    if "…" in url or "..." in url:
        return "it is cut off at the dots: copy the link's address, not the text that is shown for it"
    if re.search(r"\s", url.strip()) or url.strip().endswith("="):
        return "a line break went into it: join its lines, without the = at the end of a line if there is one"
    return ""


def _find_host_hint(url: str, domain: str) -> str:
    host, own = urlsplit(url.strip()).netloc, urlsplit(domain).netloc
    if not host or host == own:
        return ""
    return f"it leads to {host}, and the tracking domain of the settings is {own}: see that it is a link of yours"


def _find_key_hint(ring: KeyRing, token: str, path: Path) -> str:
    _, number = identify_key(token) or (None, None)
    key = next((key for key in ring.keys if key.number == number), None)
    if key is None:
        return f"its last character names no key of {path}: see that the URL is whole, and the ring the right one"
    return f"its last character names key {key.number} of {path}, in state {key.state}: see that the URL is whole"
