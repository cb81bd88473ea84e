"""clicktrail rewrite: track the links of one file."""

import json
import re
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clicktrail.cli.options import Config, Json, Keys
from clicktrail.errors import ClicktrailError
from clicktrail.model.link import Part
from clicktrail.rewrite import Policy, Rewritten
from clicktrail.rewrite import policy as policies
from clicktrail.rewrite.occurrences import Occurrence, decoded_bodies, in_document, in_message
from clicktrail.rewrite.policy import Preset, preset
from clicktrail.server import keystore, settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import Sending, Tracker
from clicktrail.utm import Convention
from clicktrail.utm import parsing as conventions

__all__ = ["rewrite"]

_STANDARD_INPUT = "-"
_PARTS = {".html": Part.HTML, ".htm": Part.HTML, ".txt": Part.TEXT, ".eml": None}
"""The kinds of file; None for a whole message."""
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HEADER_FIELD = re.compile(rb"(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_GMAIL_CLIPS_BEYOND = 102 * 1024
"""Bytes of HTML (Mailchimp's help pages, "Gmail is Clipping My Email")."""


def rewrite(
    *,
    file: Annotated[str, typer.Argument(help="A .html, .txt or .eml file, or - for standard input.", metavar="FILE")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; else standard output.", metavar="OUT")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="File to write what became of each link to, as JSON.", metavar="REPORT")
    ] = None,
    domain: Annotated[str, typer.Option(help="Tracking domain with its scheme; else the settings'.")] = "",
    campaign: Annotated[str, typer.Option(help="Campaign that the links belong to.")] = "",
    recipient: Annotated[str, typer.Option(help="Who it is for: an address or an opaque id.")] = "",
    message_id: Annotated[str, typer.Option(help="Id of the message; else a new one.")] = "",
    utm: Annotated[
        Path | None, typer.Option(help="UTM convention; without one no parameters are added.", metavar="FILE")
    ] = None,
    policy: Annotated[
        str, typer.Option(help="Which links are tracked: a preset, or a TOML file.", metavar="FILE|PRESET")
    ] = Preset.STANDARD.value,
    keys: Keys = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Replace the links of an HTML, text or message file by tracking URLs, and say what became of each."""
    content = _read(file)
    part = _part(file, content)
    loaded = settings.load(config, settings.environment())
    ring = _ring(keys, loaded)
    tracker = Tracker(
        ring=ring or _throwaway(),
        domain=domain or loaded.tracking.domain,
        policy=_policy(policy),
        convention=_convention(utm),
    )
    sending = Sending(
        message_id=message_id or RandomIds().new(),
        sent_at=SystemClock().now(),
        recipient=recipient,
        campaign=campaign,
    )
    if part is None:
        rewritten = tracker.rewrite_message(content, sending)
    else:
        rewritten = tracker.rewrite_document(content, part, sending)
    warnings = list(_warnings(rewritten, part, has_ring=ring is not None))
    described = _described(content, part, rewritten, warnings)
    if output:
        _write(output, rewritten.raw)
    elif not json_:
        sys.stdout.buffer.write(rewritten.raw)
        sys.stdout.buffer.flush()
    if report:
        _write(report, json.dumps(described, indent=1).encode() + b"\n")
    if json_:
        print(json.dumps(described, indent=1))
    for warning in warnings:
        print(f"clicktrail: warning: {warning}", file=sys.stderr)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == _STANDARD_INPUT else Path(file).read_bytes()
    except OSError as error:
        raise ClicktrailError(f"cannot read {file}: {error.strerror}") from error


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise ClicktrailError(f"cannot write {file}: {error.strerror}") from error


def _part(file: str, content: bytes) -> Part | None:
    """HTML, text, or a message; by the name's ending, on standard input by how the content begins.

    Raises:
        ClicktrailError: the ending is of another kind of file.
    """
    if file != "-":
        suffix = Path(file).suffix.lower()
        if suffix not in _PARTS:
            raise ClicktrailError(
                f"{file} is no {', '.join(_PARTS)} file", hint=f"give it by: clicktrail rewrite - <{file}"
            )
        return _PARTS[suffix]
    if _MARKUP.match(content):
        return Part.HTML
    return None if _HEADER_FIELD.match(content) else Part.TEXT


def _ring(keys: Path | None, loaded: settings.Settings) -> KeyRing | None:
    """The ring that was named, or that of the data folder where there is one."""
    path = keys or loaded.data / keystore.NAME
    return keystore.load(path) if keys or path.exists() else None


def _throwaway() -> KeyRing:
    return KeyRing([Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])


def _policy(named: str) -> Policy:
    return preset(Preset(named)) if named in list(Preset) else policies.parse(_read_text(Path(named)))


def _convention(file: Path | None) -> Convention | None:
    return conventions.parse(_read_text(file)) if file else None


def _read_text(file: Path) -> str:
    try:
        return _read(str(file)).decode()
    except UnicodeDecodeError as error:
        raise ClicktrailError(f"{file} is not UTF-8") from error


def _warnings(rewritten: Rewritten, part: Part | None, *, has_ring: bool) -> Iterator[str]:
    if not has_ring:
        yield "there is no key ring, so the links are sealed with a key that nobody keeps: name one with --keys"
    for reason in rewritten.untouched:
        yield f"not all of it could be rewritten: {reason}"
    for link in rewritten.links:
        for warning in link.warnings:
            yield f"{warning}: the link '{link.href}' in line {link.line}"
    for size in _html_sizes(rewritten.raw, part):
        if size > _GMAIL_CLIPS_BEYOND:
            yield f"the HTML has {size:,} bytes now, and Gmail clips what is beyond 102 kB ({_GMAIL_CLIPS_BEYOND:,})"


def _html_sizes(raw: bytes, part: Part | None) -> list[int]:
    if part is None:
        return [len(content) for leaf, content in decoded_bodies(raw) if content and leaf.part is Part.HTML]
    return [len(raw)] if part is Part.HTML else []


def _described(content: bytes, part: Part | None, rewritten: Rewritten, warnings: list[str]) -> Mapping[str, Any]:
    found = in_message(content, rewritten.links) if part is None else in_document(content, part, rewritten.links)
    return {
        "links": [_row(occurrence) for occurrence in found],
        "warnings": warnings,
        "size": {"before": len(content), "after": len(rewritten.raw)},
    }


def _row(occurrence: Occurrence) -> Mapping[str, Any]:
    link = occurrence.link
    return {
        "index": link.position,
        "tracked": link.tracked,
        "reason": link.reason,
        "part": link.part,
        "start": occurrence.start,
        "end": occurrence.end,
        "href": link.href,
        "destination": link.destination,
        "url": link.url,
        "label": link.label,
        "location": link.location,
        "element": link.element,
        "line": link.line,
    }
