from pathlib import Path

import pytest

from clicktrail.cli.linted import read_links
from clicktrail.errors import ClicktrailError


def test_html_keeps_every_other_character(tmp_path: Path) -> None:
    """Only the values that are replaced differ, written so that each way of quoting can hold them."""
    page = tmp_path / "page.html"
    page.write_bytes("<p>é\r\n<a href='https://x.com/?a&amp;b'>x</a>\n<A HREF=https://y.com/>y</A>".encode("latin-1"))

    file = read_links(page)
    better = file.replacing(dict(zip(file.links, ["https://x.com/?'&\"", "https://y.com/?a b"], strict=True)))

    assert [("https://x.com/?a&b", 2), ("https://y.com/", 3)] == [(link.url, link.line) for link in file.links]
    expected = "<p>é\r\n<a href='https://x.com/?&#x27;&amp;&quot;'>x</a>\n<A HREF=https://y.com/?a&#32;b>y</A>"
    assert expected.encode("latin-1") == better


def test_a_list_of_urls_may_hold_spaces(tmp_path: Path) -> None:
    """Where each line is a URL, it is all of its line."""
    listed = tmp_path / "urls.txt"
    listed.write_text("https://x.com/?utm_campaign=Big Sale\r\n\r\n  https://y.com/\n", newline="")

    file = read_links(listed)

    assert [("https://x.com/?utm_campaign=Big Sale", 1), ("https://y.com/", 3)] == [
        (link.url, link.line) for link in file.links
    ]
    better = file.replacing(dict(zip(file.links, ["https://x.com/", "https://z.com/"], strict=True)))
    assert b"https://x.com/\r\n\r\n  https://z.com/\n" == better


def test_text_is_read_as_its_reader_does(tmp_path: Path) -> None:
    """A URL ends before the full stop of its sentence."""
    text = tmp_path / "letter.txt"
    text.write_text("Hello.\nSee https://x.com/a.\n")
    file = read_links(text)
    assert [("https://x.com/a", 2)] == [(link.url, link.line) for link in file.links]
    assert b"Hello.\nSee https://y.com/.\n" == file.replacing({file.links[0]: "https://y.com/"})


def test_links_of_a_message_are_found_in_its_parts(tmp_path: Path) -> None:
    """Encoded parts are read; an unsubscribe link wants no parameters."""
    message = tmp_path / "message.eml"
    message.write_bytes(
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        b'<a href=3D"https://x.com/?a=3Db">x</a><a href=3D"https://x.com/unsubscribe">y</a>\n'
    )
    assert [("https://x.com/?a=b", True), ("https://x.com/unsubscribe", False)] == [
        (link.url, link.wanted) for link in read_links(message).links
    ]


@pytest.mark.parametrize("name", ["missing.html", "folder.pdf"])
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    """A missing file, and one that is none of the kinds we know."""
    (tmp_path / "folder.pdf").touch()
    with pytest.raises(ClicktrailError, match=rf"cannot (read|tell).*{name}"):
        read_links(tmp_path / name)
