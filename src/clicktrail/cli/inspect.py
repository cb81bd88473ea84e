"""clicktrail inspect: show what a tracking URL contains, or why another link is or is not tracked."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail import keyring_file
from clicktrail.cli.options import Config, Json, Keys, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.errors import ClicktrailError, StorageError, TokenError, TokenMalformedError
from clicktrail.model.link import LinkReason
from clicktrail.tokens import KeyRing, TokenFormat, find_tokens, has_changed_case, identify_key, open_token
from clicktrail.wrapped_urls import UnwrappedUrl, Wrapper, find_pasted_url, unwrap_url

if TYPE_CHECKING:
    from clicktrail.server.pipeline.link_lookup import LinkReference
    from clicktrail.server.settings import Settings

_MIN_TOKEN_CHARS = 11
"""Characters of the shortest token."""
_PUNCTUATION_BEFORE_URL = re.compile(r"[^A-Za-z0-9/_-]+(?=https?://)")
_MAX_URL_CHARS = 80
"""Characters of a URL that an error shows."""


def inspect(
    *,
    url: Annotated[
        str,
        typer.Argument(
            help="Tracking URL or token, any other link, or text with one; write -- before a token that begins with -.",
            metavar="URL",
        ),
    ],
    label: Annotated[str, typer.Option(help="Text of a link that is no tracking URL.", metavar="TEXT")] = "",
    policy: Annotated[
        str,
        typer.Option(
            help="Policy for a link that is no tracking URL: a preset or a TOML file. Default: tracking.policy.",
            metavar="FILE|PRESET",
        ),
    ] = "",
    keys: Keys = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Show what a tracking URL contains, or whether another link is tracked, why, and what would change it."""
    settings = load_settings(config)
    pasted = find_pasted_url(url)
    unwrapped = unwrap_url(pasted)
    if unwrapped.closed:
        raise ClicktrailError(
            _describe_closed_wrapper(unwrapped, unwrapped.closed), hint="ask for the link as it was sent"
        )
    if unwrapped.wrappers:
        url = pasted = unwrapped.url
    if "…" not in url and _is_other_link(pasted, settings.tracking.domain):
        link = url if _has_merge_tag(url) else pasted
        contents = _explain_link(link, label, policy or settings.tracking.policy, settings)
    else:
        contents = _inspect_tracking_url(url, keys or settings.keyring_path, settings)
    _print_fields({**contents, **_list_wrappers(unwrapped, is_json=json_)}, is_json=json_)


def _has_merge_tag(url: str) -> bool:
    """Whether a URL has a merge tag, which may have spaces and end with any character."""
    from clicktrail.merge_tags import find_merge_tag  # slow to import, and a tracking URL does not need it

    return url.startswith("http") and bool(find_merge_tag(url))


def _inspect_tracking_url(url: str, ring_path: Path, settings: "Settings") -> Mapping[str, Any]:
    """What a tracking URL contains; where text surrounds it, what the URL in the text contains."""
    pasted = find_pasted_url(url)
    if pasted and not _PUNCTUATION_BEFORE_URL.sub("", url.strip()).startswith("http"):
        return _open_tracking_url(pasted, ring_path, settings)
    try:
        return _open_tracking_url(url, ring_path, settings)
    except TokenError:
        with suppress(TokenError):
            return _open_tracking_url(pasted, ring_path, settings)
        raise


def _open_tracking_url(url: str, ring_path: Path, settings: "Settings") -> Mapping[str, Any]:
    ring = keyring_file.load(ring_path)
    path = _parse_path(url)
    try:
        return _open_path(ring, path, settings)
    except TokenError as error:
        from clicktrail.server.pipeline.link_repair import repair_path

        repair = repair_path(ring, path)
        if repair is None:
            hint = (
                _describe_damage(url, path)
                or _describe_wrong_host(url, settings.tracking.domain)
                or _describe_key(ring, path.partition("/")[0], ring_path)
            )
            raise type(error)(f"'{_shorten_url(url)}' does not open: {error}", hint=hint) from error
        damage = {"damage": repair.damage.value, "ignored": repair.ignored}
        return _open_path(ring, repair.path, settings) | damage


def _list_wrappers(unwrapped: UnwrappedUrl, *, is_json: bool) -> Mapping[str, Any]:
    """The services that wrapped the link, outermost first; no field if there are none."""
    if not unwrapped.wrappers:
        return {}
    if is_json:
        return {"wrappers": [{"by": wrapper.by, "host": wrapper.host} for wrapper in unwrapped.wrappers]}
    return {"wrappers": ", ".join(f"{wrapper.name} ({wrapper.host})" for wrapper in unwrapped.wrappers)}


def _describe_closed_wrapper(unwrapped: UnwrappedUrl, closed: Wrapper) -> str:
    destination = f"; it names the host {unwrapped.named_host}" if unwrapped.named_host else ""
    reason = (
        f"has an id instead of the URL, which only the service can look up{destination}"
        if unwrapped.closed_by_id
        else "is cut off or damaged: the URL inside cannot be read"
    )
    return f"the link of {closed.name} ({closed.host}) {reason}"


def _print_fields(fields: Mapping[str, Any], *, is_json: bool) -> None:
    if is_json:
        print_json(fields)
        return
    for name, value in fields.items():
        print_line(f"{name:<18} {value}".rstrip())


def _is_other_link(url: str, domain: str) -> bool:
    """Whether a URL has another host than the tracking domain, and a path that does not look like a token."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or parts.netloc == urlsplit(domain).netloc or "…" in url:
        return False
    from clicktrail.secret_urls.values import is_random

    return not any(is_random(found.token, min_chars=_MIN_TOKEN_CHARS) for found in find_tokens(parts.path))


def _explain_link(url: str, label: str, policy_name: str, settings: "Settings") -> Mapping[str, Any]:
    """The decision of the policy on a link in HTML, and what would change it."""
    # The policy is slow to import, and a sealed token does not need it.
    from dataclasses import replace

    from clicktrail.rewrite.advice import ADVICE
    from clicktrail.rewrite.candidate import Candidate, resolve_href
    from clicktrail.server.wiring.config import read_policy
    from clicktrail.tracking.tracker import parse_tracking_domain

    policy = replace(
        read_policy(policy_name), tracking_domains=frozenset({parse_tracking_domain(settings.tracking.domain).host})
    )
    candidate = Candidate(start=0, end=len(url), href=url, url=resolve_href(url), label=label)
    decision = policy.decide(candidate)
    return {
        "url": url,
        "tracked": decision.reason is LinkReason.TRACKED,
        "reason": decision.reason.value,
        "detail": decision.detail,
        "warnings": ", ".join(decision.warnings),
        "what_would_change_it": ADVICE[decision.reason],
    }


def _parse_path(url: str) -> str:
    """Path of a URL as the edge reads it: without its slash, and without a query, which relays may add.

    Punctuation before the URL was copied with it. `urlsplit` would remove line breaks.
    """
    text = _PUNCTUATION_BEFORE_URL.sub("", url.strip())
    try:
        return urlsplit(text.replace("\r", "%0D").replace("\n", "%0A")).path.removeprefix("/")
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


def _describe_damage(url: str, path: str) -> str:
    """How the URL was damaged in transit, if that is visible; else empty."""
    if has_changed_case(path):
        return "a program changed the case of its letters: ask for the link as it was sent"
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
