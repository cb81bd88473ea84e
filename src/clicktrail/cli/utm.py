"""clicktrail utm: check links before they are sent, and what analytics made of them after."""

import codecs
import csv
import dataclasses
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from clicktrail.cli.files import BODY_TYPES_BY_SUFFIX, read_bytes, read_text, write_bytes
from clicktrail.cli.options import Config, Json
from clicktrail.errors import ClicktrailError
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import LinkRewriter, NumberedLink, Policy, RewriteResult, SkipReason, rewrite_message
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.policy import LinkDecision
from clicktrail.server import settings
from clicktrail.server.wiring.config import read_convention
from clicktrail.utm import Convention, parse_convention
from clicktrail.utm.audit import UtmAudit, Variant, audit_rows
from clicktrail.utm.export import read_export
from clicktrail.utm.lint import explain_unchecked, fix_url, lint_url

__all__ = ["LintedFile", "LintedLink", "app", "read_links"]

# FOLDED linted.py: The links of a file that is checked before it is sent, and the file with better ones.

_WEB_SCHEME = re.compile(r"\s*https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedLink:
    """A link to be checked.

    Attributes:
        url: where it leads, character references decoded.
        line: of the file, from 1; 0 if it stands in an encoded part of a message.
        utm_required: whether it is a link of the kind that gets parameters: no unsubscribe link, for example.
    """

    url: str
    line: int = 0
    utm_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file and its links.

    Attributes:
        links: in their order.
        raw: its bytes.
        body_type: HTML or text; None for a message.
        is_url_list: whether each of its lines is a URL.
        skip_reasons: why it, or parts of it, could not be read.
    """

    links: tuple[LintedLink, ...]
    raw: bytes = b""
    body_type: BodyType | None = BodyType.TEXT
    is_url_list: bool = False
    skip_reasons: tuple[SkipReason, ...] = ()

    def replace_urls(self, urls: Mapping[str, str]) -> bytes:
        """The file with other URLs in place of some, and every other character as it is."""
        if self.is_url_list:
            text, codec = _decode_with_codec(self.raw)
            lines = [(line, line.strip()) for line in text.splitlines(keepends=True)]
            return "".join(line.replace(url, urls.get(url, url)) if url else line for line, url in lines).encode(codec)
        return _rewrite_links(
            self.raw, self.body_type, _UntrackedPolicy(), lambda link: urls.get(link.href, link.url)
        ).raw


@dataclass(frozen=True, slots=True, kw_only=True)
class _UntrackedPolicy(Policy):
    """Takes every link to the web as one whose recipient is not to be tracked: its URL changes, and stays plain."""

    def decide(self, candidate: Candidate) -> LinkDecision:
        return LinkDecision(LinkReason.CONSENT if _WEB_SCHEME.match(candidate.href) else LinkReason.NOT_WEB)


def read_links(file: Path) -> LintedFile:
    """The links of an HTML or text file, a list of URLs one a line, or a message.

    Raises:
        ClicktrailError: it cannot be read, or is none of these by its name.
    """
    raw = read_bytes(file)
    suffix = file.suffix.lower()
    if suffix not in BODY_TYPES_BY_SUFFIX:
        raise ClicktrailError(f"cannot tell what {file} holds", hint="name it .html, .txt or .eml")
    part = BODY_TYPES_BY_SUFFIX[suffix]
    if part is BodyType.TEXT and (listed := _parse_url_list(raw)):
        return LintedFile(links=listed, raw=raw, is_url_list=True)
    found = _rewrite_links(raw, part, Policy(), lambda link: link.url)
    links = tuple(
        LintedLink(url=link.href, line=link.line if part else 0, utm_required=link.is_tracked) for link in found.links
    )
    return LintedFile(links=links, raw=raw, body_type=part, skip_reasons=found.skip_reasons)


def _rewrite_links(
    raw: bytes, body_type: BodyType | None, policy: Policy, tag: Callable[[Candidate], str]
) -> RewriteResult:
    rewriter = LinkRewriter(policy=policy, make_url_tagger=lambda: tag, make_tracking_url=_make_placeholder_url)
    if body_type is None:
        return rewrite_message(raw, rewriter)
    return rewrite_document(raw, body_type, rewriter)


def _make_placeholder_url(_: NumberedLink) -> str:
    """A URL of the form that every link takes, so that each is found with its reason; it goes nowhere, nor is kept."""
    return "https://links.invalid/x"


def _decode_with_codec(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"


def _parse_url_list(raw: bytes) -> tuple[LintedLink, ...]:
    """The lines of a text, if all of them are URLs: they may hold spaces, which end a URL within a text."""
    lines = [line.strip() for line in _decode_with_codec(raw)[0].splitlines()]
    if not all(_WEB_SCHEME.match(line) for line in lines if line):
        return ()
    return tuple(LintedLink(url=url, line=number) for number, url in enumerate(lines, start=1) if url)


app = typer.Typer(no_args_is_help=True, help="Check UTM parameters by a convention.")

_URL_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_ConventionFile = Annotated[
    Path | None, typer.Option("--convention", help="Convention, a TOML file; else the settings'.", metavar="FILE")
]


@app.callback()
def utm() -> None:
    """Check UTM parameters by a convention."""


@app.command()
def lint(
    *,
    sources: Annotated[
        list[str], typer.Argument(help=".html, .txt or .eml file, list of URLs (.txt), or URL.", metavar="SOURCE...")
    ],
    convention: _ConventionFile = None,
    campaign: Annotated[str, typer.Option(help="Campaign, for links that lack it.", metavar="CAMPAIGN")] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Put right what has one right form, in the files.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Find what is wrong with the UTM parameters of links; exit with 1 if anything is left."""
    rules = _read_convention(convention, config)
    opened = {source: _read_source(source) for source in sources}
    rows: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    checked = 0
    for source, file in opened.items():
        for reason in file.skip_reasons:
            print(f"clicktrail: warning: not all of {source} could be read: {reason}", file=sys.stderr)
        unasked = [_build_unchecked_row(source, link, rules) for link in file.links]
        passed += [row for row in unasked if row["reason"]]
        checked += sum(not row["reason"] for row in unasked)
        found = [_build_checked_row(source, link, rules, campaign=campaign, fix=fix) for link in file.links]
        rows += [row for row in found if row["findings"]]
        fixed = {row["url"]: row["fixed_url"] for row in found if row["fixed_url"]}
        if fixed and file.raw:
            write_bytes(Path(source), file.replace_urls(fixed))
    left = sum(not finding["fixed"] for row in rows for finding in row["findings"])
    if json_:
        described = {"checked": checked, "findings_left": left, "links": rows, "unchecked": passed}
        print(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        _print_rows(rows)
        for row in passed:
            if row["source"] == row["url"]:
                print(f"clicktrail: not checked: {row['url']}: {row['reason']}", file=sys.stderr)
        counted = f"links checked: {checked}, not checked: {len(passed)}, findings left: {left}"
        print(f"clicktrail: {counted}", file=sys.stderr)
    if left:
        raise typer.Exit(1)


@app.command()
def audit(
    export: Annotated[
        Path, typer.Argument(help="Export of Google Analytics 4, Matomo or any other, with a header.", metavar="FILE")
    ],
    convention: _ConventionFile = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Write each variant and its canonical value to this CSV file.", metavar="OUT")
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Find values in an analytics export that were written in several ways, and say what share of it that is."""
    rules = _read_convention(convention, config)
    result = audit_rows(read_export(_decode_export(read_bytes(export))), rules)
    if mapping is not None:
        _write_mapping(mapping, result.variants)
    if json_:
        print(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False))
    else:
        _print_audit(result)


def _decode_export(raw: bytes) -> str:
    """Matomo writes UTF-16 for spreadsheets; a spreadsheet's own export may be Latin-1."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _write_mapping(file: Path, variants: Iterable[Variant]) -> None:
    names = [field.name for field in dataclasses.fields(Variant)]
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow(names)
    table.writerows([getattr(variant, name) for name in names] for variant in variants)
    write_bytes(file, written.getvalue().encode())


def _print_audit(result: UtmAudit) -> None:
    share = result.inconsistent_rows / result.rows if result.rows else 0
    line = f"{share:.1%} of rows ({result.inconsistent_rows} of {result.rows})"
    if result.sessions:
        share = result.inconsistent_sessions / result.sessions
        line += f" and {share:.1%} of sessions ({result.inconsistent_sessions} of {result.sessions})"
    print(f"{line} hold a value that should be another.")
    for variant in result.variants:
        counts = f"{variant.rows} rows, {variant.sessions} sessions" if result.sessions else f"{variant.rows} rows"
        print(f"  {variant.parameter}: '{variant.value}' should be '{variant.canonical}' ({variant.reason}; {counts})")


def _read_convention(file: Path | None, config: Path | None) -> Convention:
    return (
        parse_convention(read_text(file))
        if file
        else read_convention(settings.load(config, settings.get_environment()))
    )


def _read_source(source: str) -> LintedFile:
    return LintedFile(links=(LintedLink(url=source),)) if _URL_SCHEME.match(source) else read_links(Path(source))


def _build_unchecked_row(source: str, link: LintedLink, rules: Convention) -> dict[str, Any]:
    """Why a link is not checked, as ``--json`` shows it; nothing as the reason if it is."""
    why = explain_unchecked(link.url, rules, utm_required=link.utm_required)
    return {"source": source, "line": link.line or None, "url": link.url, "reason": why}


def _build_checked_row(source: str, link: LintedLink, rules: Convention, *, campaign: str, fix: bool) -> dict[str, Any]:
    """A link as ``--json`` shows it."""
    repaired = fix_url(link.url, rules, campaign=campaign, utm_required=link.utm_required) if fix else link.url
    left = {
        (finding.code, finding.parameter.lower())
        for finding in lint_url(repaired, rules, utm_required=link.utm_required)
    }
    return {
        "source": source,
        "line": link.line or None,
        "url": link.url,
        "fixed_url": repaired if repaired != link.url else None,
        "findings": [
            {
                "code": finding.code,
                "parameter": finding.parameter or None,
                "message": finding.message,
                "fixed": (finding.code, finding.parameter.lower()) not in left,
            }
            for finding in lint_url(link.url, rules, utm_required=link.utm_required)
        ],
    }


def _print_rows(rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        place = f"{row['source']}:{row['line']}" if row["line"] else row["source"]
        print(f"{place}: {row['url']}" if place != row["url"] else place)
        for finding in row["findings"]:
            print(f"  {finding['code']}: {finding['message']}{' (fixed)' * finding['fixed']}")
        if row["fixed_url"]:
            print(f"  now {row['fixed_url']}")
