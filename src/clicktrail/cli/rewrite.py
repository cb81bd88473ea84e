"""clicktrail rewrite: track the links of one file."""

import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail import keyring_file
from clicktrail.cli.files import BODY_TYPES_BY_SUFFIX, read_bytes, read_text, write_bytes
from clicktrail.cli.options import Config, Json, Keys
from clicktrail.errors import ClicktrailError
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.rewrite import RewriteResult, SkipReason, esp_template
from clicktrail.rewrite.document import LinkByteRange, decode_bodies, locate_links_in_document, locate_links_in_message
from clicktrail.rewrite.esp_template import EspTemplate
from clicktrail.server import settings
from clicktrail.server.pipeline.track import ControlHeaders, parse_control_headers
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.config import read_convention, read_dkim_keys, read_policy, read_sensitive_rules
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import MessageMetadata, Tracker
from clicktrail.utm import convention as conventions

__all__ = ["RewrittenFile", "rewrite", "rewrite_template"]

# FOLDED rewritten.py: What to tell of a file whose links were replaced: report, warnings and a summary in one
# line.

_GMAIL_CLIP_BYTES = 102 * 1024
"""Bytes of HTML (Mailchimp's help pages, "Gmail is Clipping My Email")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenFile:
    """A file before and after.

    Attributes:
        content: its bytes before.
        body_type: HTML or text; None for a whole message.
        rewritten: what became of it.
    """

    content: bytes
    body_type: BodyType | None
    rewritten: RewriteResult

    def warnings(self) -> Iterator[str]:
        """What its sender should look at."""
        for reason in self.rewritten.skip_reasons:
            yield f"not all of it could be rewritten: {reason}"
        for link in self.rewritten.links:
            for warning in link.warnings:
                yield f"{warning}: the link '{link.href}' in line {link.line}"
        for size in self._html_sizes():
            if size > _GMAIL_CLIP_BYTES:
                yield f"the HTML has {size:,} bytes now; Gmail clips what is beyond 102 kB ({_GMAIL_CLIP_BYTES:,})"

    def build_report(self, warnings: Sequence[str]) -> Mapping[str, Any]:
        """All of it as docs/reference/links.md describes the report."""
        return {
            "links": [_build_row(occurrence) for occurrence in self._find_occurrences()],
            "warnings": warnings,
            "size": {"before": len(self.content), "after": len(self.rewritten.raw)},
        }

    def summary(self) -> str:
        """How many links were found and tracked, why the others were not, and the size: twins are one link."""
        reasons = Counter({link.index: link.reason for link in self.rewritten.links if not link.is_tracked}.values())
        found = len({link.index for link in self.rewritten.links})
        left = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return (
            f"links found: {found}, tracked: {found - reasons.total()}{left and f', left alone: {left}'}; "
            f"{len(self.content):,} bytes became {len(self.rewritten.raw):,}"
        )

    def _find_occurrences(self) -> list[LinkByteRange]:
        links = self.rewritten.links
        return (
            locate_links_in_message(self.content, links)
            if self.body_type is None
            else locate_links_in_document(self.content, self.body_type, links)
        )

    def _html_sizes(self) -> list[int]:
        raw = self.rewritten.raw
        if self.body_type is None:
            return [len(content) for leaf, content in decode_bodies(raw) if content and leaf.body_type is BodyType.HTML]
        return [len(raw)] if self.body_type is BodyType.HTML else []


def _build_row(occurrence: LinkByteRange) -> Mapping[str, Any]:
    link = occurrence.link
    return {
        "index": link.index,
        "position": link.position,
        "tracked": link.is_tracked,
        "reason": link.reason,
        "part": link.body_type,
        "start": occurrence.start,
        "end": occurrence.end,
        "href": link.href,
        "destination": link.destination,
        "url": link.replacement,
        "label": link.label,
        "location": link.location,
        "element": link.element,
        "group": link.group,
        "line": link.line,
    }


# FOLDED esp.py: Templates for the editors of ESPs, as clicktrail rewrite --esp makes them.


def rewrite_template(
    content: bytes,
    body_type: BodyType | None,
    metadata: MessageMetadata,
    *,
    esp: str,
    tracker: Tracker,
    settings: Settings,
) -> RewriteResult:
    """The file with tracking URLs that the ESP completes; where they lead is kept in the registry.

    Raises:
        ClicktrailError: there is no such ESP, or the file can be no template of its editor.
        StorageError: the registry does not answer.
    """
    # Its database packages are slow to import, and no other command should wait for them.
    from clicktrail.server.wiring.stores import save_link_set

    tags = esp_template.parse_esp_tags(
        (resources.files("clicktrail.rewrite") / "data" / "esp_tags.toml").read_text("utf-8")
    )
    if esp not in tags:
        raise ClicktrailError(f"there is no ESP '{esp}'", hint=f"known here: {', '.join(tags)}")
    if body_type is None:
        raise ClicktrailError("a message is no template", hint="give the .html or .txt file that the editor takes")
    template = tracker.find_template(content, body_type, metadata)
    number = save_link_set(_build_link_set(template, metadata), settings)
    return tracker.fill_template(template, metadata, link_set_id=number, merge_tag=tags[esp].merge_tag)


def _build_link_set(template: EspTemplate, metadata: MessageMetadata) -> LinkSet:
    links = [
        StoredLink(position=position, destination=link.destination, group=link.group)
        for position, link in enumerate(template.tracked_links)
    ]
    return LinkSet(campaign=metadata.campaign, created_at=metadata.sent_at, links=tuple(links))


_STANDARD_INPUT = "-"
_MARKUP_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HEADER_FIELD = re.compile(rb"(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
_LOOPBACK_WARNING = "only this machine can follow the links: name the tracking domain with --domain, or in the settings"
_EPHEMERAL_KEY_WARNING = (
    "there is no key ring, so the links are sealed with a key that nobody keeps: name one with --keys"
)

_NO_RING_ERROR = "a template needs the key ring of the server that will redirect its links"


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
    content = _read_input(file)
    part = _detect_body_type(file, content)
    loaded = settings.load(config, settings.get_environment())
    ring = _load_ring(keys, loaded)
    tracker = Tracker(
        ring=ring or _create_ephemeral_ring(),
        domain=domain or loaded.tracking.domain,
        policy=read_policy(policy or loaded.tracking.policy),
        convention=conventions.parse_convention(read_text(utm)) if utm else read_convention(loaded),
        sensitive_rules=read_sensitive_rules(),
        dkim_keys=() if part else read_dkim_keys(loaded),
    )
    asked = parse_control_headers(content) if part is None else ControlHeaders(stripped_message=content)
    sending = MessageMetadata(
        message_id=message_id or RandomIds().new(),
        sent_at=SystemClock().now(),
        recipient=recipient or asked.recipient,
        campaign=campaign or asked.campaign,
        stream=asked.stream,
        medium=asked.medium,
        consent=consent or asked.stated_consent or Consent.UNKNOWN,
        anonymous_id=RandomIds().new(),
    )
    if esp:
        if ring is None:
            raise ClicktrailError(_NO_RING_ERROR, hint="name it with --keys, or the data folder with --config")
        rewritten = rewrite_template(content, part, sending, esp=esp, tracker=tracker, settings=loaded)
    elif part:
        rewritten = tracker.rewrite_document(content, part, sending)
    elif asked.is_tracking_off:
        rewritten = RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.TRACKING_OFF,))
    else:
        rewritten = tracker.rewrite_message(content, sending)
    done = RewrittenFile(content=content, body_type=part, rewritten=rewritten)
    warnings = [*_find_setup_warnings(ring, tracker.domain), *done.warnings()]
    described = done.build_report(warnings)
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


def _find_setup_warnings(ring: KeyRing | None, domain: str) -> Iterator[str]:
    """What keeps anybody from following the links."""
    if ring is None:
        yield _EPHEMERAL_KEY_WARNING
    if urlsplit(domain).hostname in _LOOPBACK_HOSTS:
        yield _LOOPBACK_WARNING


def _read_input(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == _STANDARD_INPUT else read_bytes(Path(file))


def _detect_body_type(file: str, content: bytes) -> BodyType | None:
    """HTML, text, or a message; by the name's ending, on standard input by how the content begins.

    Raises:
        ClicktrailError: the ending is of another kind of file.
    """
    if file != _STANDARD_INPUT:
        suffix = Path(file).suffix.lower()
        if suffix not in BODY_TYPES_BY_SUFFIX:
            raise ClicktrailError(
                f"{file} is no {', '.join(BODY_TYPES_BY_SUFFIX)} file", hint=f"give it by: clicktrail rewrite - <{file}"
            )
        return BODY_TYPES_BY_SUFFIX[suffix]
    if _MARKUP_START.match(content):
        return BodyType.HTML
    return None if _HEADER_FIELD.match(content) else BodyType.TEXT


def _load_ring(keys: Path | None, loaded: settings.Settings) -> KeyRing | None:
    """The ring that was named, or that of the data folder where there is one."""
    path = keys or loaded.keyring_path
    return keyring_file.load(path) if keys or path.exists() else None


def _create_ephemeral_ring() -> KeyRing:
    return KeyRing([Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])
