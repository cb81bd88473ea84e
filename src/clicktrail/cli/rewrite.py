"""clicktrail rewrite: track the links of one file."""

import json
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from clicktrail.cli.esp import rewrite_template
from clicktrail.cli.files import PARTS, read_bytes, read_text, write_bytes
from clicktrail.cli.options import Config, Json, Keys
from clicktrail.cli.rewritten import RewrittenFile
from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent
from clicktrail.model.link import Part
from clicktrail.rewrite import Rewritten, Untouched
from clicktrail.server import keystore, settings
from clicktrail.server.pipeline.instructions import Instructions, take_instructions
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.convention import read_convention
from clicktrail.server.wiring.tracker import read_dkim_keys, read_policy, read_sensitive_rules
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import Sending, Tracker
from clicktrail.utm import parsing as conventions

__all__ = ["rewrite"]

_STANDARD_INPUT = "-"
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HEADER_FIELD = re.compile(rb"(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_HERE = "only this machine can follow the links: name the tracking domain with --domain, or in the settings"
_THROWN_AWAY = "there is no key ring, so the links are sealed with a key that nobody keeps: name one with --keys"

_NO_RING = "a template needs the key ring of the server that will redirect its links"


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
    campaign: Annotated[
        str, typer.Option(help="Campaign that the links belong to; else that of the message's own headers.")
    ] = "",
    recipient: Annotated[
        str,
        typer.Option(help="Who it is for, an address or an opaque id; else as its X-Clicktrail-Recipient says."),
    ] = "",
    consent: Annotated[
        Consent | None,
        typer.Option(help="What the recipient said to being tracked; else as its X-Clicktrail-Consent says."),
    ] = None,
    message_id: Annotated[str, typer.Option(help="Id of the message; else a new one.")] = "",
    utm: Annotated[Path | None, typer.Option(help="UTM convention; else the settings'.", metavar="FILE")] = None,
    policy: Annotated[
        str,
        typer.Option(
            help="Which links are tracked: a preset, or a TOML file; else the settings'.", metavar="FILE|PRESET"
        ),
    ] = "",
    esp: Annotated[
        str,
        typer.Option(
            help="Write a template for this ESP's editor: sendgrid, mailgun, postmark or klaviyo.", metavar="ESP"
        ),
    ] = "",
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
        policy=read_policy(policy or loaded.tracking.policy),
        convention=conventions.parse(read_text(utm)) if utm else read_convention(loaded),
        sensitive=read_sensitive_rules(),
        dkim=() if part else read_dkim_keys(loaded),
    )
    asked = take_instructions(content) if part is None else Instructions(raw=content)
    sending = Sending(
        message_id=message_id or RandomIds().new(),
        sent_at=SystemClock().now(),
        recipient=recipient or asked.recipient,
        campaign=campaign or asked.campaign,
        stream=asked.stream,
        medium=asked.medium,
        consent=consent or asked.told_consent or Consent.UNKNOWN,
        anonymous_id=RandomIds().new(),
    )
    if esp:
        if ring is None:
            raise ClicktrailError(_NO_RING, hint="name it with --keys, or the data folder with --config")
        rewritten = rewrite_template(content, part, sending, esp=esp, tracker=tracker, settings=loaded)
    elif part:
        rewritten = tracker.rewrite_document(content, part, sending)
    elif asked.is_tracking_off:
        rewritten = Rewritten(raw=content, links=(), untouched=(Untouched.TRACKING_OFF,))
    else:
        rewritten = tracker.rewrite_message(content, sending)
    done = RewrittenFile(content=content, part=part, rewritten=rewritten)
    warnings = [*_warnings(ring, tracker.domain), *done.warnings()]
    described = done.described(warnings)
    if output:
        write_bytes(output, rewritten.raw)
    elif not json_:
        sys.stdout.buffer.write(rewritten.raw)
        sys.stdout.buffer.flush()
    if report:
        write_bytes(report, json.dumps(described, indent=1).encode() + b"\n")
    if json_:
        print(json.dumps(described, indent=1))
    for warning in warnings:
        print(f"clicktrail: warning: {warning}", file=sys.stderr)
    print(f"clicktrail: {done.summary()}", file=sys.stderr)


def _warnings(ring: KeyRing | None, domain: str) -> Iterator[str]:
    """What keeps anybody from following the links."""
    if ring is None:
        yield _THROWN_AWAY
    if urlsplit(domain).hostname in _THIS_MACHINE:
        yield _HERE


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == _STANDARD_INPUT else read_bytes(Path(file))


def _part(file: str, content: bytes) -> Part | None:
    """HTML, text, or a message; by the name's ending, on standard input by how the content begins.

    Raises:
        ClicktrailError: the ending is of another kind of file.
    """
    if file != _STANDARD_INPUT:
        suffix = Path(file).suffix.lower()
        if suffix not in PARTS:
            raise ClicktrailError(
                f"{file} is no {', '.join(PARTS)} file", hint=f"give it by: clicktrail rewrite - <{file}"
            )
        return PARTS[suffix]
    if _MARKUP.match(content):
        return Part.HTML
    return None if _HEADER_FIELD.match(content) else Part.TEXT


def _ring(keys: Path | None, loaded: settings.Settings) -> KeyRing | None:
    """The ring that was named, or that of the data folder where there is one."""
    path = keys or loaded.data / keystore.NAME
    return keystore.load(path) if keys or path.exists() else None


def _throwaway() -> KeyRing:
    return KeyRing([Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])
