"""clicktrail rewrite: track the links of one file."""

import json
import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from clicktrail import keyring_file
from clicktrail.cli.files import BODY_TYPES_BY_SUFFIX, read_bytes, read_text, write_bytes
from clicktrail.cli.options import Config, Json, Keys, load_settings
from clicktrail.cli.terminal import print_json, print_message, print_warning
from clicktrail.errors import ClicktrailError
from clicktrail.merge_tags import load_table
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.model.link_set import LinkSet, StoredLink
from clicktrail.rewrite import RewriteResult, SkipReason
from clicktrail.rewrite.document import LinkByteRange, decode_bodies, locate_links_in_document, locate_links_in_message
from clicktrail.rewrite.esp_template import EspTemplate
from clicktrail.server.pipeline.track import ControlHeaders, parse_control_headers
from clicktrail.server.settings import Settings
from clicktrail.server.system import RandomIds, SystemClock
from clicktrail.server.wiring.config import read_convention, read_dkim_keys, read_policy, read_sensitive_rules
from clicktrail.tokens import SECRET_BYTES, Key, KeyRing
from clicktrail.tracking import MessageMetadata, Tracker
from clicktrail.utm import parse_convention

_STANDARD_INPUT = "-"
_GMAIL_CLIP_BYTES = 102 * 1024
"""Bytes of HTML (Mailchimp's help pages, "Gmail is Clipping My Email")."""
_MARKUP_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_HEADER_FIELD = re.compile(rb"(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
_LOOPBACK_WARNING = "the links work only on this machine: set the tracking domain with --domain or in the settings"
_EPHEMERAL_KEY_WARNING = "no key ring: the links are sealed with a temporary key and will not open; set --keys"
_NO_RING_ERROR = "a template needs the key ring of the server that will redirect its links"


def rewrite(
    *,
    file: Annotated[str, typer.Argument(help="A .html, .txt or .eml file, or - for standard input.", metavar="FILE")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.", metavar="OUT")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="JSON file to write a report on each link to.", metavar="REPORT")
    ] = None,
    domain: Annotated[str, typer.Option(help="Tracking domain with scheme. Default: tracking.domain.")] = "",
    campaign: Annotated[
        str, typer.Option(help="Campaign of the links. Default: the message's X-Clicktrail-Campaign.")
    ] = "",
    recipient: Annotated[
        str, typer.Option(help="Recipient, an address or an opaque id. Default: the message's X-Clicktrail-Recipient.")
    ] = "",
    consent: Annotated[
        Consent | None,
        typer.Option(help="The recipient's consent to tracking. Default: the message's X-Clicktrail-Consent."),
    ] = None,
    message_id: Annotated[str, typer.Option(help="Id of the message. Default: a random id.")] = "",
    utm: Annotated[
        Path | None, typer.Option(help="File with the UTM convention. Default: the settings.", metavar="FILE")
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            help="Which links are tracked: a preset or a TOML file. Default: tracking.policy.", metavar="FILE|PRESET"
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
    """Replace the links of an HTML, text or message file with tracking URLs."""
    content = sys.stdin.buffer.read() if file == _STANDARD_INPUT else read_bytes(Path(file))
    body_type = _detect_body_type(file, content)
    settings = load_settings(config)
    ring = _load_ring(keys, settings)
    tracker = Tracker(
        ring=ring or _create_ephemeral_ring(),
        domain=domain or settings.tracking.domain,
        policy=read_policy(policy or settings.tracking.policy),
        convention=parse_convention(read_text(utm)) if utm else read_convention(settings),
        sensitive_rules=read_sensitive_rules(),
        dkim_keys=() if body_type else read_dkim_keys(settings),
    )
    headers = ControlHeaders(stripped_message=content) if body_type else parse_control_headers(content)
    metadata = MessageMetadata(
        message_id=message_id or RandomIds().new(),
        sent_at=SystemClock().now(),
        recipient=recipient or headers.recipient,
        campaign=campaign or headers.campaign,
        stream=headers.stream,
        medium=headers.medium,
        consent=consent or headers.stated_consent or Consent.UNKNOWN,
        anonymous_id=RandomIds().new(),
    )
    if esp:
        if ring is None:
            raise ClicktrailError(_NO_RING_ERROR, hint="name it with --keys, or the data folder with --config")
        result = rewrite_template(content, body_type, metadata, esp=esp, tracker=tracker, settings=settings)
    elif body_type:
        result = tracker.rewrite_document(content, body_type, metadata)
    elif headers.is_tracking_off:
        result = RewriteResult(raw=content, links=(), skip_reasons=(SkipReason.TRACKING_OFF,))
    else:
        result = tracker.rewrite_message(content, metadata)
    rewritten = RewrittenFile(content=content, body_type=body_type, result=result)
    warnings = [*_find_setup_warnings(ring, tracker.domain), *rewritten.warnings()]
    link_report = rewritten.build_report(warnings)
    if output:
        write_bytes(output, result.raw)
    elif not json_:
        sys.stdout.buffer.write(result.raw)
        sys.stdout.buffer.flush()
    if report:
        write_bytes(report, json.dumps(link_report, indent=1).encode() + b"\n")
    if json_:
        print_json(link_report)
    for warning in warnings:
        print_warning(warning)
    print_message(rewritten.summary())


def _detect_body_type(file: str, content: bytes) -> BodyType | None:
    """Body type by the file's suffix, or by the content of standard input; None for a whole message."""
    if file != _STANDARD_INPUT:
        suffix = Path(file).suffix.lower()
        if suffix not in BODY_TYPES_BY_SUFFIX:
            raise ClicktrailError(
                f"{file} is no {', '.join(BODY_TYPES_BY_SUFFIX)} file", hint=f"try: clicktrail rewrite - <{file}"
            )
        return BODY_TYPES_BY_SUFFIX[suffix]
    if _MARKUP_START.match(content):
        return BodyType.HTML
    return None if _HEADER_FIELD.match(content) else BodyType.TEXT


def _load_ring(keys: Path | None, settings: Settings) -> KeyRing | None:
    path = keys or settings.data_path / keyring_file.FILE_NAME
    return keyring_file.load(path) if keys or path.exists() else None


def _create_ephemeral_ring() -> KeyRing:
    return KeyRing([Key(number=0, secret=secrets.token_bytes(SECRET_BYTES))])


def _find_setup_warnings(ring: KeyRing | None, domain: str) -> Iterator[str]:
    if ring is None:
        yield _EPHEMERAL_KEY_WARNING
    if urlsplit(domain).hostname in _LOOPBACK_HOSTS:
        yield _LOOPBACK_WARNING


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenFile:
    """A file before and after its links were replaced.

    Attributes:
        body_type: HTML or text; None for a whole message.
    """

    content: bytes
    body_type: BodyType | None
    result: RewriteResult

    def warnings(self) -> Iterator[str]:
        """Problems that the sender should look at."""
        for reason in self.result.skip_reasons:
            yield f"not everything could be rewritten: {reason}"
        for link in self.result.links:
            for warning in link.warnings:
                yield f"{warning}: the link '{link.href}' in line {link.line}"
        for size in self._measure_html_bodies():
            if size > _GMAIL_CLIP_BYTES:
                yield f"the HTML has {size:,} bytes after rewriting; Gmail clips it at 102 kB ({_GMAIL_CLIP_BYTES:,})"

    def build_report(self, warnings: Sequence[str]) -> Mapping[str, Any]:
        """The report as docs/reference/links.md describes it."""
        return {
            "links": [_build_row(occurrence) for occurrence in self._find_occurrences()],
            "warnings": warnings,
            "size": {"before": len(self.content), "after": len(self.result.raw)},
        }

    def summary(self) -> str:
        """Numbers of links found, tracked and not tracked, and sizes. An equal link in HTML and text counts once."""
        reasons = Counter({link.index: link.reason for link in self.result.links if not link.is_tracked}.values())
        found = len({link.index for link in self.result.links})
        untracked = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        return (
            f"links found: {found}, tracked: {found - reasons.total()}"
            f"{f', not tracked: {untracked}' if untracked else ''}; "
            f"bytes before: {len(self.content):,}, after: {len(self.result.raw):,}"
        )

    def _find_occurrences(self) -> list[LinkByteRange]:
        if self.body_type is None:
            return locate_links_in_message(self.content, self.result.links)
        return locate_links_in_document(self.content, self.body_type, self.result.links)

    def _measure_html_bodies(self) -> list[int]:
        raw = self.result.raw
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
        **({"trap": True} if link.is_trap else {}),
    }


def rewrite_template(
    content: bytes,
    body_type: BodyType | None,
    metadata: MessageMetadata,
    *,
    esp: str,
    tracker: Tracker,
    settings: Settings,
) -> RewriteResult:
    """Rewrite a template for an ESP's editor: the ESP completes its tracking URLs, the registry stores its links.

    Raises:
        ClicktrailError: the ESP is unknown, or the file cannot be a template of its editor.
        StorageError: the registry is unavailable.
    """
    from clicktrail.server.wiring.stores import save_link_set

    tags = load_table().esp
    if esp not in tags:
        raise ClicktrailError(f"there is no ESP '{esp}'", hint=f"known ESPs: {', '.join(tags)}")
    if body_type is None:
        raise ClicktrailError("a message is no template", hint="use the .html or .txt file of the ESP's editor")
    template = tracker.find_template(content, body_type, metadata)
    link_set_id = save_link_set(_build_link_set(template, metadata), settings)
    return tracker.fill_template(template, metadata, link_set_id=link_set_id, merge_tag=tags[esp].merge_tag)


def _build_link_set(template: EspTemplate, metadata: MessageMetadata) -> LinkSet:
    links = [
        StoredLink(position=position, destination=link.destination, group=link.group, is_trap=link.is_trap)
        for position, link in enumerate(template.tracked_links)
    ]
    return LinkSet(campaign=metadata.campaign, created_at=metadata.sent_at, links=tuple(links))
