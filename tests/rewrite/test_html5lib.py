"""html5lib and its test suite: our tokenizer finds the same links and attributes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clicktrail.model.link import BodyType
from clicktrail.rewrite.encodings import decode_text, parse_encoded_body
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.html_tokenizer import decode_attribute_value
from clicktrail.rewrite.mime import BodyPart, find_body_parts
from tests.support.html5lib_links import find_hrefs
from tests.support.paths import CORPUS

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the corpus of real mail is not at {CORPUS}"),
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:html5lib"),
]


def documents() -> Iterator[tuple[str, str]]:
    """Yield file name and HTML of all real mail."""
    for path in sorted((CORPUS / "html").iterdir()):
        yield path.name, path.read_bytes().decode("utf-8", errors="replace")
    for path in sorted((CORPUS / "eml").iterdir()):
        raw = path.read_bytes()
        for body_part in find_body_parts(raw):
            if isinstance(body_part, BodyPart) and body_part.body_type is BodyType.HTML:
                encoded_body = parse_encoded_body(
                    raw[body_part.start : body_part.end], body_part.transfer_encoding, newline=b"\n"
                )
                decoded = encoded_body and decode_text(encoded_body.decode(), body_part.charset)
                if decoded:
                    yield path.name, decoded.text


def normalize_newlines(text: str) -> str:
    """Normalize line breaks like a parser (WHATWG HTML section 13.2.3.5)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.without_coverage
def test_links_of_real_mail(summarize: Callable[[str], None]) -> None:
    files = links = 0
    for name, html in documents():
        found = [normalize_newlines(link.href) for link in find_links(html)]
        assert find_hrefs(html) == found, name
        files += 1
        links += len(found)
    summarize(f"{files} HTML bodies, {links} links, 0 differences")
    assert links


def start_tags() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield tokenizer tests that are a single start tag: the tag, renamed to ``a``, and its attributes."""
    for path in sorted((CORPUS / "html5lib" / "tokenizer").glob("*.test")):
        for test in json.loads(path.read_text("utf-8")).get("tests", []):
            source: str = test["input"]
            tokens: list[list[Any]] = test["output"]
            tags = [token for token in tokens if token[0] == "StartTag"]
            if test.keys() & {"initialStates", "doubleEscaped"} or len(tags) != 1:
                continue
            name, attributes = tags[0][1:3]
            if source.lower().startswith(f"<{name}") and "href" not in attributes:
                yield f"<a{source[1 + len(name) :]}", attributes


def test_start_tags_of_the_tokenizer_tests(summarize: Callable[[str], None]) -> None:
    read = 0
    for source, attributes in start_tags():
        (found,) = find_links(f"<a href=x {source[2:]}")
        values = {
            name.replace("\0", "\ufffd"): normalize_newlines(decode_attribute_value(value))
            for name, value in found.attributes.items()
        }
        assert attributes == values, source
        read += 1
    summarize(f"{read} start tags")
    assert read
