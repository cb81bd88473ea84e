"""clicktrail utm: check links before they are sent, and what analytics made of them after."""

import codecs
import csv
import dataclasses
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clicktrail.cli.files import read_bytes, read_text, write_bytes
from clicktrail.cli.linted import LintedFile, LintedLink, read_links
from clicktrail.cli.options import Config, Json
from clicktrail.server import settings
from clicktrail.server.wiring.convention import read_convention
from clicktrail.utm import Convention, parse
from clicktrail.utm.audit import Audit, Variant
from clicktrail.utm.audit import audit as audit_rows
from clicktrail.utm.export import read_rows
from clicktrail.utm.lint import check, repair, unchecked

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check UTM parameters by a convention.")

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
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
    opened = {source: _open(source) for source in sources}
    rows: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    checked = 0
    for source, file in opened.items():
        for reason in file.untouched:
            print(f"clicktrail: warning: not all of {source} could be read: {reason}", file=sys.stderr)
        unasked = [_passed(source, link, rules) for link in file.links]
        passed += [row for row in unasked if row["why"]]
        checked += sum(not row["why"] for row in unasked)
        found = [_row(source, link, rules, campaign=campaign, fix=fix) for link in file.links]
        rows += [row for row in found if row["findings"]]
        fixed = {row["url"]: row["fixed_url"] for row in found if row["fixed_url"]}
        if fixed and file.raw:
            write_bytes(Path(source), file.replacing(fixed))
    left = sum(not finding["fixed"] for row in rows for finding in row["findings"])
    if json_:
        described = {"checked": checked, "left": left, "links": rows, "unchecked": passed}
        print(json.dumps(described, indent=2, ensure_ascii=False))
    else:
        _print_rows(rows)
        for row in passed:
            if row["source"] == row["url"]:
                print(f"clicktrail: not checked: {row['url']}: {row['why']}", file=sys.stderr)
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
    result = audit_rows(read_rows(_decoded(read_bytes(export))), rules)
    if mapping is not None:
        _write_mapping(mapping, result.variants)
    if json_:
        print(json.dumps(dataclasses.asdict(result), indent=2, ensure_ascii=False))
    else:
        _print_audit(result)


def _decoded(raw: bytes) -> str:
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


def _print_audit(result: Audit) -> None:
    share = result.inconsistent_rows / result.rows if result.rows else 0
    line = f"{share:.1%} of rows ({result.inconsistent_rows} of {result.rows})"
    if result.sessions:
        share = result.inconsistent_sessions / result.sessions
        line += f" and {share:.1%} of sessions ({result.inconsistent_sessions} of {result.sessions})"
    print(f"{line} hold a value that should be another.")
    for variant in result.variants:
        counts = f"{variant.rows} rows, {variant.sessions} sessions" if result.sessions else f"{variant.rows} rows"
        print(f"  {variant.parameter}: '{variant.value}' should be '{variant.canonical}' ({variant.why}; {counts})")


def _read_convention(file: Path | None, config: Path | None) -> Convention:
    return parse(read_text(file)) if file else read_convention(settings.load(config, settings.environment()))


def _open(source: str) -> LintedFile:
    return LintedFile(links=(LintedLink(url=source),)) if _URL.match(source) else read_links(Path(source))


def _passed(source: str, link: LintedLink, rules: Convention) -> dict[str, Any]:
    """Why a link is not checked, as ``--json`` shows it; nothing as the reason if it is."""
    why = unchecked(link.url, rules, wanted=link.wanted)
    return {"source": source, "line": link.line or None, "url": link.url, "why": why}


def _row(source: str, link: LintedLink, rules: Convention, *, campaign: str, fix: bool) -> dict[str, Any]:
    """A link as ``--json`` shows it."""
    repaired = repair(link.url, rules, campaign=campaign, wanted=link.wanted) if fix else link.url
    left = {(finding.code, finding.parameter.lower()) for finding in check(repaired, rules, wanted=link.wanted)}
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
            for finding in check(link.url, rules, wanted=link.wanted)
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
