"""clicktrail inspect: show what a tracking URL holds."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from clicktrail.cli.options import Config, Json, Keys
from clicktrail.errors import TokenError
from clicktrail.server import keystore, settings
from clicktrail.tokens import Format, KeyRing, key_named_by, open_campaign, open_token

__all__ = ["inspect"]

_SHOWN = 80
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
    loaded = settings.load(config, settings.environment())
    path = keys or loaded.data / keystore.NAME
    ring = keystore.load(path)
    token, _, unsealed = _path(url).partition("/")
    try:
        described = _describe(ring, token)
    except TokenError as error:
        hint = _damage(url) or _elsewhere(url, loaded.tracking.domain) or _key_hint(ring, token, path)
        raise type(error)(f"'{' '.join(url.split())[:_SHOWN]}' does not open: {error}", hint=hint) from error
    if unsealed:
        described["unsealed_recipient"] = unquote(unsealed)
    if json_:
        print(json.dumps(described, indent=1))
        return
    for name, value in described.items():
        print(f"{name:<11} {value}".rstrip())


def _path(url: str) -> str:
    """The path, as the edge takes it: without its slash, and without a query that a relay may have added."""
    return urlsplit(url.strip()).path.removeprefix("/")


def _describe(ring: KeyRing, token: str) -> dict[str, Any]:
    """What a token holds, by the names that clicktrail.tokens gives it.

    Raises:
        TokenError: it does not open.
    """
    kind, key = key_named_by(token) or (Format.SEALED, None)
    fields = _sealed(ring, token) if kind is Format.SEALED else _campaign(ring, token)
    return {"format": kind.value, "key": key, **fields}


def _sealed(ring: KeyRing, token: str) -> dict[str, Any]:
    sealed = open_token(ring, token)
    return {
        "destination": sealed.destination,
        "message_id": sealed.message_id,
        "campaign": sealed.campaign,
        "recipient": sealed.recipient,
        "position": sealed.position,
        "links": sealed.links,
        "group": sealed.group,
        "sent_at": _time(sealed.sent_at),
    }


def _campaign(ring: KeyRing, token: str) -> dict[str, Any]:
    """Destination, campaign and number of links stand in the link set."""
    sealed, position = open_campaign(ring, token)
    return {
        "link_set": sealed.link_set,
        "message_id": sealed.message_id,
        "recipient": sealed.recipient,
        "position": position,
        "sent_at": _time(sealed.sent_at),
    }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _damage(url: str) -> str:
    """What happened to a URL on its way, where that can be seen; else empty."""
    if "…" in url or "..." in url:
        return "it is cut off at the dots: copy the link's address, not the text that is shown for it"
    if re.search(r"\s", url.strip()) or url.strip().endswith("="):
        return "a line break went into it: join its lines, without the = at the end of a line if there is one"
    return ""


def _elsewhere(url: str, domain: str) -> str:
    host, own = urlsplit(url.strip()).netloc, urlsplit(domain).netloc
    if not host or host == own:
        return ""
    return f"it leads to {host}, and the tracking domain of the settings is {own}: see that it is a link of yours"


def _key_hint(ring: KeyRing, token: str, path: Path) -> str:
    _, number = key_named_by(token) or (None, None)
    key = next((key for key in ring.keys if key.number == number), None)
    if key is None:
        return f"its last character names no key of {path}: see that the URL is whole, and the ring the right one"
    return f"its last character names key {key.number} of {path}, in state {key.state}: see that the URL is whole"
