"""clicktrail utm: check links before they are sent, and what analytics made of them after."""

import codecs
import csv
import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from clicktrail.cli.linted import LintedFile, LintedLink, read_links
from clicktrail.cli.options import Json
from clicktrail.errors import ClicktrailError
from clicktrail.utm import Convention, parse
from clicktrail.utm.audit import Audit, Variant
from clicktrail.utm.audit import audit as audit_rows
from clicktrail.utm.export import read_rows
from clicktrail.utm.lint import check, repair

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check UTM parameters by a convention.")

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_ConventionFile = Annotated[
    Path | None, typer.Option("--convention", help="Convention, a TOML file; else the usual one.", metavar="FILE")
]


@app.callback()
def utm() -> None:
    """Check UTM parameters by a convention."""


@app.command()
def lint(
    sources: Annotated[
        list[str], typer.Argument(help=".html, .txt or .eml file, list of URLs (.txt), or URL.", metavar="SOURCE...")
    ],
    convention: _ConventionFile = None,
    campaign: Annotated[str, typer.Option(help="Campaign, for links that lack it.", metavar="CAMPAIGN")] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Put right what has one right form, in the files.")] = False,
    json_: Json = False,
) -> None:
    """Find what is wrong with the UTM parameters of links; exit with 1 if anything is left."""
    rules = _read_convention(convention)
    opened = {source: _open(source, fix=fix) for source in sources}
    rows: list[dict[str, Any]] = []
    count = 0
    for source, file in opened.items():
        count += len(file.links)
        found = {link: _row(source, link, rules, campaign=campaign, fix=fix) for link in file.links}
        rows += [row for row in found.values() if row["findings"]]
        fixed = {link: row["fixed_url"] for link, row in found.items() if row["fixed_url"]}
        if fixed and not _URL.match(source):
            Path(source).write_bytes(file.replacing(fixed))
    left = sum(not finding["fixed"] for row in rows for finding in row["findings"])
    if json_:
        print(json.dumps({"checked": count, "left": left, "links": rows}, indent=2, ensure_ascii=False))
    else:
        _print_rows(rows)
        print(f"clicktrail: links checked: {count}, findings left: {left}", file=sys.stderr)
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
    json_: Json = False,
) -> None:
    """Find values in an analytics export that were written in several ways, and say what share of it that is."""
    rules = _read_convention(convention)
    try:
        result = audit_rows(read_rows(_decoded(export.read_bytes())), rules)
        if mapping is not None:
            _write_mapping(mapping, result.variants)
    except OSError as error:
        raise ClicktrailError(f"cannot use {error.filename}: {error.strerror}") from error
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
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(names)
        table.writerows([getattr(variant, name) for name in names] for variant in variants)


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


def _read_convention(file: Path | None) -> Convention:
    if file is None:
        return parse("")
    try:
        return parse(file.read_text("utf-8"))
    except OSError as error:
        raise ClicktrailError(f"cannot read the convention {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ClicktrailError(f"the convention {file} is not UTF-8") from error


def _open(source: str, *, fix: bool) -> LintedFile:
    if _URL.match(source):
        return LintedFile(links=(LintedLink(url=source),))
    if fix and source.lower().endswith(".eml"):
        raise ClicktrailError(f"cannot fix {source}: its parts are encoded", hint="fix the template it is made from")
    return read_links(Path(source))


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
