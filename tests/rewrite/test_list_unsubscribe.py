import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import LinkReason
from clicktrail.rewrite import rewrite_message
from clicktrail.rewrite.list_unsubscribe import find_unsubscribe_urls
from tests.support.rewriting import REWRITER

URL = "https://news.example/x/1?a=1&b=2"


def decide(header: bytes, href: str = "https://news.example/x/1?a=1&amp;b=2") -> list[LinkReason]:
    """Reasons of one link, and of another of the same host."""
    body = f'<a href="{href}">Click here</a> <a href="https://news.example/x/2">Shop</a>'
    raw = header + b"Content-Type: text/html\n\n" + body.encode()
    return [link.reason for link in rewrite_message(raw, REWRITER).links]


@pytest.mark.parametrize(
    "header",
    [
        f"List-Unsubscribe: <{URL}>\n",
        f"list-unsubscribe:<{URL}>\n",
        f"List-Unsubscribe: <mailto:leave@news.example?subject=x>,\n <{URL}>\n",
        f"List-Unsubscribe: <https://other.example/>, <{URL}> (one click)\r\nA: b\n",
        f"List-Unsubscribe:\n\t<{URL[:20]}\n {URL[20:]}>\n",
        f"List-Unsubscribe: =?utf-8?q?=3C{URL.replace('=', '=3D').replace('?', '=3F')}=3E?=\n",
        f"List-Unsubscribe: {URL}\n",
        f"List-Unsubscribe: <{URL.replace('https', 'http')}>\n",
        f"List-Unsubscribe: <{URL.replace('news', 'NEWS')}>\n",
        f"List-Unsubscribe: <mailto:a@b.example>\nSubject: x\nList-Unsubscribe: <{URL}>\n",
    ],
)
def test_named_link_unsubscribes(header: str) -> None:
    assert decide(header.encode()) == [LinkReason.UNSUBSCRIBE, LinkReason.TRACKED]


@pytest.mark.parametrize(
    "header",
    [
        *[
            "",
            "List-Unsubscribe: <mailto:a@b.example>\n",
            "List-Unsubscribe-Post: <https://news.example/x/1?a=1&b=2>\n",
        ],
        *["List-Unsubscribe: <https://news.example/x/1>\n", "X-List-Unsubscribe: <https://news.example/x/1?a=1&b=2>\n"],
    ],
)
def test_other_links_are_tracked(header: str) -> None:
    assert decide(header.encode()) == [LinkReason.TRACKED, LinkReason.TRACKED]


def test_fragment_is_ignored() -> None:
    assert decide(f"List-Unsubscribe: <{URL}>\n".encode(), href=f"{URL}#top")[0] is LinkReason.UNSUBSCRIBE


def test_header_in_the_body_names_nothing() -> None:
    assert find_unsubscribe_urls(f"A: b\r\n\r\nList-Unsubscribe: <{URL}>".encode()) == frozenset()


@given(st.binary(), st.text())
def test_any_header_is_read(raw: bytes, text: str) -> None:
    find_unsubscribe_urls(raw)
    find_unsubscribe_urls(b"List-Unsubscribe: <https://" + text.encode() + b">")
