"""The cases of docs/reference/link-cases.md do what the page says."""

import re
from collections.abc import Callable, Iterator

import pytest

from clicktrail.model.link import Link
from clicktrail.rewrite.document import RewrittenBody, rewrite_html, rewrite_text
from clicktrail.utm.tag import add_utm_parameters
from tests.support.paths import ROOT
from tests.support.rewriting import REWRITER, replace_links

PAGE = ROOT / "docs" / "reference" / "link-cases.md"
REWRITE: dict[str, Callable[..., RewrittenBody]] = {"in HTML": rewrite_html, "in plain text": rewrite_text}
ADDED = "URL, to which `utm_source=email` is added"
CODE = re.compile(r"`([^`]+)`")


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield case number, header of the third column, third cell and fourth cell of each row."""
    case = kind = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if not line.startswith("| "):
            continue
        number, _, cell, outcome = (part.strip().replace("\\|", "|") for part in re.split(r"(?<!\\)\|", line)[1:-1])
        if number == "case":
            kind = cell
            continue
        case = number or case
        yield case, kind, cell, outcome


def examples(*kinds: str) -> list[tuple[str, str, str]]:
    """The rows that are code: header of the third column, its content, and the expected outcome."""
    return [
        (kind, cell.strip("`").replace("\\n", "\n"), outcome)
        for _, kind, cell, outcome in rows()
        if cell and kind in kinds
    ]


def summarize_link(link: Link) -> list[str]:
    return [link.destination, *link.warnings] if link.is_tracked else [link.reason]


@pytest.mark.parametrize(("kind", "body", "outcome"), examples(*REWRITE))
def test_links_of_bodies(kind: str, body: str, outcome: str) -> None:
    result = REWRITE[kind](body, REWRITER)
    assert CODE.findall(outcome) == [word for link in result.links for word in summarize_link(link)]
    assert replace_links(body, result.links) == result.text
    tracked = [link.position for link in result.links if link.is_tracked]
    assert len(set(tracked)) == (1 if outcome.endswith("one link") else len(tracked))


@pytest.mark.parametrize(("kind", "url", "outcome"), examples(ADDED))
def test_parameters_of_urls(kind: str, url: str, outcome: str) -> None:
    tagged = add_utm_parameters(url, {"utm_source": "email"}, ["*"])
    assert (ADDED, CODE.findall(outcome)[0]) == (kind, tagged)
    assert tagged == add_utm_parameters(tagged, {"utm_source": "email"}, ["*"])


def test_page_has_every_case() -> None:
    assert [str(number) for number in range(1, 53)] == list(dict.fromkeys(case for case, *_ in rows()))
    assert [outcome for _, _, cell, outcome in rows() if not (cell or "/test_" in outcome)] == []
