"""clicktrail inspect: show what a tracking URL holds."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail.cli.options import Config, Json, Keys
from clicktrail.errors import TokenError
from clicktrail.server import keystore, settings
from clicktrail.tokens import Format, KeyRing, key_named_by, open_campaign, open_token

__all__ = ["inspect"]


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
    path = keys or settings.load(config, settings.environment()).data / keystore.NAME
    described = _describe(keystore.load(path), _token(url), path)
    if json_:
        print(json.dumps(described, indent=1))
        return
    for name, value in described.items():
        print(f"{name:<11} {value}".rstrip())


def _token(url: str) -> str:
    """The path, as the edge takes it: without its slash, and without a query that a relay may have added."""
    return urlsplit(url.strip()).path.removeprefix("/")


def _describe(ring: KeyRing, token: str, path: Path) -> dict[str, Any]:
    """What a token holds, by the names that clicktrail.tokens gives it.

    Raises:
        TokenError: it does not open.
    """
    kind, key = key_named_by(token) or (Format.SEALED, None)
    try:
        fields = _sealed(ring, token) if kind is Format.SEALED else _campaign(ring, token)
    except TokenError as error:
        raise type(error)(f"'{token[:40]}' does not open: {error}", hint=_hint(ring, key, path)) from error
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


def _hint(ring: KeyRing, number: int | None, path: Path) -> str:
    key = next((key for key in ring.keys if key.number == number), None)
    if key is None:
        return f"its last character names no key of {path}: see that the URL is whole, and the ring the right one"
    return f"its last character names key {key.number} of {path}, in state {key.state}: see that the URL is whole"
