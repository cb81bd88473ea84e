"""clicktrail utm: check UTM parameters before a mail is sent, and in analytics exports afterwards."""

import dataclasses
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import to_builtins

from clicktrail.cli.csv_output import SafeCsvWriter
from clicktrail.cli.files import BODY_TYPES_BY_SUFFIX, read_bytes, read_text, write_bytes
from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message, print_warning
from clicktrail.errors import ClicktrailError
from clicktrail.model.control_characters import check_no_control_characters
from clicktrail.model.link import BodyType, LinkReason
from clicktrail.rewrite import LinkRewriter, NumberedLink, Policy, RewriteResult, SkipReason, rewrite_message
from clicktrail.rewrite.candidate import MAX_LINKS, UNCLEAR_END, Candidate
from clicktrail.rewrite.document import rewrite_document
from clicktrail.rewrite.policy import LinkDecision
from clicktrail.utm import Convention, parse_convention
from clicktrail.utm.audit import UtmAudit, Variant, audit_rows
from clicktrail.utm.build import UtmValues, build_url
from clicktrail.utm.channel import UNASSIGNED, Visit, classify_visit
from clicktrail.utm.export import read_export
from clicktrail.utm.lint import DAMAGE_CODES, explain_unchecked, fix_url, has_utm, lint_url

_URL_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_UNCHECKED_REASONS = (
    LinkReason.QUOTED,
    LinkReason.SIGNATURE,
    LinkReason.CODE,
    LinkReason.ACTION,
    LinkReason.EMBEDDED,
)
_WEB_SCHEME = re.compile(r"\s*https?://", re.IGNORECASE)
_ConventionFile = Annotated[
    Path | None,
    typer.Option("--convention", help="TOML file with the convention. Default: the settings.", metavar="FILE"),
]

app = typer.Typer(help="Check UTM parameters against a convention.")


@app.command()
def lint(
    *,
    sources: Annotated[
        list[str], typer.Argument(help=".html, .txt or .eml file, list of URLs (.txt), or URL.", metavar="SOURCE...")
    ],
    convention: _ConventionFile = None,
    campaign: Annotated[
        str, typer.Option(help="Campaign to add to links that have none, with --fix.", metavar="CAMPAIGN")
    ] = "",
    fix: Annotated[
        bool, typer.Option("--fix", help="Correct the files where only one correction is possible.")
    ] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Find faults in the UTM parameters of links. Exit with status 1 if any remain."""
    check_no_control_characters("campaign", campaign)
    rules = _read_convention(convention, config)
    files = {source: _read_source(source) for source in sources}
    faulty_rows: list[dict[str, Any]] = []
    unchecked_rows: list[dict[str, Any]] = []
    unassigned: Counter[Visit] = Counter()
    checked_count = 0
    for source, file in files.items():
        for skip_reason in file.skip_reasons:
            print_warning(f"not all of {source} could be read: {skip_reason}")
        unchecked = list(_list_unchecked_links(source, file, rules))
        unchecked_rows += unchecked
        checked_count += len(file.links) - len(unchecked)
        rows = [_build_row(source, link, rules, campaign=campaign, fix=fix) for link in file.links]
        unassigned.update(_find_unassigned_visits(file.links, rows, rules))
        faulty_rows += [row for row in rows if row["findings"]]
        fixed_urls = {row["url"]: row["fixed_url"] for row in rows if row["fixed_url"]}
        if fixed_urls and file.raw:
            write_bytes(Path(source), file.replace_urls(fixed_urls))
    findings_left = sum(not finding["fixed"] for row in faulty_rows for finding in row["findings"])
    if json_:
        print_json(
            {
                "checked": checked_count,
                "findings_left": findings_left,
                "links": faulty_rows,
                "unassigned": [{**to_builtins(visit), "links": count} for visit, count in unassigned.items()],
                "unchecked": unchecked_rows,
            }
        )
    else:
        _print_rows(faulty_rows, fix=fix)
        for visit, count in unassigned.items():
            print_line(f"{_describe_unassigned(visit)} ({count} {'link' if count == 1 else 'links'})")
        for row in unchecked_rows:
            if row["source"] == row["url"]:
                print_message(f"not checked: {row['url']}: {row['reason']}")
        print_message(
            f"links checked: {checked_count}, not checked: {len(unchecked_rows)}, findings left: {findings_left}"
        )
    if findings_left:
        raise typer.Exit(1)


@app.command()
def build(
    *,
    url: Annotated[str, typer.Argument(help="Link to one of your own hosts.", metavar="URL")],
    campaign: Annotated[str, typer.Option(help="Name of the campaign.", metavar="CAMPAIGN")],
    medium: Annotated[str, typer.Option(help="Medium. Default: the convention's.", metavar="MEDIUM")] = "",
    content: Annotated[str, typer.Option(help="utm_content: which link of the message it is.", metavar="TEXT")] = "",
    term: Annotated[str, typer.Option(help="utm_term.", metavar="TEXT")] = "",
    convention: _ConventionFile = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Add the convention's UTM parameters to a link and print it. A value against the convention is an error."""
    rules = _read_convention(convention, config)
    built = build_url(url, rules, UtmValues(medium=medium, campaign=campaign, content=content, term=term))
    visit = classify_visit(built)
    if json_:
        print_json({"url": built, **to_builtins(visit)})
        return
    print_line(built)
    if visit.channel == UNASSIGNED:
        print_warning(_describe_unassigned(visit))


@app.command()
def audit(
    export: Annotated[
        Path,
        typer.Argument(help="CSV export of Google Analytics 4, Matomo or another tool, with a header.", metavar="FILE"),
    ],
    convention: _ConventionFile = None,
    mapping: Annotated[
        Path | None, typer.Option(help="CSV file to write each variant and its canonical value to.", metavar="OUT")
    ] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Find UTM values that an analytics export has in several spellings, and their share of its rows."""
    result = audit_rows(read_export(_decode_export(read_bytes(export))), _read_convention(convention, config))
    if mapping is not None:
        _write_mapping(mapping, result.variants)
    if json_:
        print_json(dataclasses.asdict(result))
    else:
        _print_audit(result)


def _read_convention(file: Path | None, config: Path | None) -> Convention:
    if file:
        return parse_convention(read_text(file))
    from clicktrail.server.wiring.config import read_convention

    return read_convention(load_settings(config))


def _read_source(source: str) -> "LintedFile":
    return LintedFile(links=(LintedLink(url=source),)) if _URL_SCHEME.match(source) else read_links(Path(source))


def _build_row(source: str, link: "LintedLink", rules: Convention, *, campaign: str, fix: bool) -> dict[str, Any]:
    findings = lint_url(link.url, rules, utm_required=link.utm_required)
    fixed_url = link.url
    if fix and findings:
        fixed_url = fix_url(link.url, rules, campaign=campaign, utm_required=link.utm_required)
    remaining = findings if fixed_url == link.url else lint_url(fixed_url, rules, utm_required=link.utm_required)
    findings_left = {(finding.code, finding.parameter.lower()) for finding in remaining}
    return {
        "source": source,
        "line": link.line or None,
        "url": link.url,
        "fixed_url": fixed_url if fixed_url != link.url else None,
        "findings": [
            {
                "code": finding.code,
                "parameter": finding.parameter or None,
                "message": finding.message,
                "fixed": (finding.code, finding.parameter.lower()) not in findings_left,
            }
            for finding in findings
        ],
    }


def _list_unchecked_links(source: str, file: "LintedFile", rules: Convention) -> Iterator[dict[str, Any]]:
    for link in file.links:
        if reason := explain_unchecked(link.url, rules, utm_required=link.utm_required):
            yield {"source": source, "line": link.line or None, "url": link.url, "reason": reason}


def _find_unassigned_visits(
    links: Iterable["LintedLink"], rows: Iterable[Mapping[str, Any]], rules: Convention
) -> Iterator[Visit]:
    for link, row in zip(links, rows, strict=True):
        url = row["fixed_url"] or link.url
        # Of a damaged link, lint names the cause.
        is_damaged = any(finding["code"] in DAMAGE_CODES and not finding["fixed"] for finding in row["findings"])
        if not is_damaged and has_utm(url) and not explain_unchecked(url, rules, utm_required=link.utm_required):
            visit = classify_visit(url)
            if visit.channel == UNASSIGNED:
                yield visit


def _describe_unassigned(visit: Visit) -> str:
    return (
        f"Google Analytics 4 will call visits with source '{visit.source}' and medium '{visit.medium}' {UNASSIGNED}: "
        "its channel Email needs 'email' as source or medium"
    )


def _print_rows(rows: Iterable[Mapping[str, Any]], *, fix: bool) -> None:
    for row in rows:
        location = f"{row['source']}:{row['line']}" if row["line"] else row["source"]
        print_line(f"{location}: {row['url']}" if location != row["url"] else location)
        for finding in row["findings"]:
            outcome = " (fixed)" if finding["fixed"] else " (left as it is)" if fix else ""
            print_line(f"  {finding['code']}: {finding['message']}{outcome}")
        if row["fixed_url"]:
            print_line(f"  now {row['fixed_url']}")


def _decode_export(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):  # Matomo writes UTF-16 for spreadsheets
        return raw.decode("utf-16", errors="replace")
    return _decode_with_codec(raw)[0]


def _write_mapping(file: Path, variants: Iterable[Variant]) -> None:
    columns = [field.name for field in dataclasses.fields(Variant)]
    text = io.StringIO(newline="")
    writer = SafeCsvWriter(text)
    writer.write_rows([columns])
    writer.write_rows([getattr(variant, column) for column in columns] for variant in variants)
    write_bytes(file, text.getvalue().encode())


def _print_audit(result: UtmAudit) -> None:
    share = result.inconsistent_rows / result.rows if result.rows else 0
    text = f"{share:.1%} of rows ({result.inconsistent_rows} of {result.rows})"
    if result.sessions:
        share = result.inconsistent_sessions / result.sessions
        text += f" and {share:.1%} of sessions ({result.inconsistent_sessions} of {result.sessions})"
    print_line(f"{text} have a value that should be spelled differently.")
    for variant in result.variants:
        counts = f"{variant.rows} rows, {variant.sessions} sessions" if result.sessions else f"{variant.rows} rows"
        print_line(
            f"  {variant.parameter}: '{variant.value}' should be '{variant.canonical}' ({variant.reason}; {counts})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedLink:
    """A link to check.

    Attributes:
        url: destination, character references decoded.
        line: line of the file, from 1; 0 in an encoded part of a message.
        utm_required: whether links of this kind get UTM parameters; an unsubscribe link does not.
    """

    url: str
    line: int = 0
    utm_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """A file and its links.

    Attributes:
        body_type: HTML or text; None for a message.
        skip_reasons: why the file, or parts of it, could not be read.
    """

    links: tuple[LintedLink, ...]
    raw: bytes = b""
    body_type: BodyType | None = BodyType.TEXT
    is_url_list: bool = False
    skip_reasons: tuple[SkipReason, ...] = ()

    def replace_urls(self, new_urls: Mapping[str, str]) -> bytes:
        """Replace URLs, given by the URL that the file writes (`Link.href`), and change no other byte."""
        if self.is_url_list:
            text, codec = _decode_with_codec(self.raw)
            lines = [(line, line.strip()) for line in text.splitlines(keepends=True)]
            new_text = "".join(line.replace(url, new_urls.get(url, url)) if url else line for line, url in lines)
            return new_text.encode(codec)
        return _rewrite_links(
            self.raw, self.body_type, _UntrackedPolicy(), lambda link: new_urls.get(link.href, link.url)
        ).raw


def read_links(file: Path) -> LintedFile:
    """Read the links of an HTML or text file, a message, or a list of URLs, one per line.

    Raises:
        ClicktrailError: the file cannot be read, or its suffix is unknown.
    """
    raw = read_bytes(file)
    suffix = file.suffix.lower()
    if suffix not in BODY_TYPES_BY_SUFFIX:
        raise ClicktrailError(f"{file} has an unknown suffix", hint="name it .html, .txt or .eml")
    body_type = BODY_TYPES_BY_SUFFIX[suffix]
    if body_type is BodyType.TEXT and (listed_links := _parse_url_list(raw)):
        if len(listed_links) > MAX_LINKS:
            return LintedFile(links=(), raw=raw, skip_reasons=(SkipReason.TOO_MANY_LINKS,))
        return LintedFile(links=listed_links, raw=raw, is_url_list=True)
    result = _rewrite_links(raw, body_type, Policy(), lambda link: link.url)
    links = tuple(
        LintedLink(url=link.href, line=link.line if body_type else 0, utm_required=link.is_tracked and not link.is_trap)
        for link in result.links
        if link.reason not in _UNCHECKED_REASONS and link.detail != UNCLEAR_END.detail
    )
    return LintedFile(links=links, raw=raw, body_type=body_type, skip_reasons=result.skip_reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class _UntrackedPolicy(Policy):
    """Tracks no link, so that a replaced URL stays a plain URL; links that are not http or https are not replaced."""

    def decide(self, candidate: Candidate) -> LinkDecision:
        if candidate.exclusion:
            return LinkDecision(candidate.exclusion.reason)
        return LinkDecision(LinkReason.NO_CONSENT if _WEB_SCHEME.match(candidate.href) else LinkReason.NOT_WEB)

    def decide_all(self, candidates: Sequence[Candidate]) -> list[LinkDecision]:
        return [self.decide(candidate) for candidate in candidates]


def _rewrite_links(
    raw: bytes, body_type: BodyType | None, policy: Policy, tag_url: Callable[[Candidate], str]
) -> RewriteResult:
    rewriter = LinkRewriter(policy=policy, make_url_tagger=lambda: tag_url, make_tracking_url=_make_placeholder_url)
    if body_type is None:
        return rewrite_message(raw, rewriter)
    return rewrite_document(raw, body_type, rewriter)


def _make_placeholder_url(_: NumberedLink) -> str:
    """A URL that is never sent. Links must be rewritten to be listed with their reasons."""
    return "https://links.invalid/x"


def _parse_url_list(raw: bytes) -> tuple[LintedLink, ...]:
    """Links of a text whose lines are all URLs; empty for other texts. Here a URL may contain spaces."""
    lines = [line.strip() for line in _decode_with_codec(raw)[0].splitlines()]
    if not all(_WEB_SCHEME.match(line) for line in lines if line):
        return ()
    return tuple(LintedLink(url=url, line=number) for number, url in enumerate(lines, start=1) if url)


def _decode_with_codec(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("latin-1"), "latin-1"
