import re
from pathlib import Path

import pytest

from clicktrail.cli.linted import read_links
from clicktrail.errors import ClicktrailError
from clicktrail.rewrite import Untouched


def test_html_keeps_every_other_character(tmp_path: Path) -> None:
    """Only the values that are replaced differ, written so that each way of quoting can hold them."""
    page = tmp_path / "page.html"
    page.write_bytes("<p>é\r\n<a href='https://x.com/?a&amp;b'>x</a>\n<A HREF=https://y.com/>y</A>".encode("latin-1"))

    file = read_links(page)
    better = file.replacing({"https://x.com/?a&b": "https://x.com/?'&\"", "https://y.com/": "https://y.com/?a b"})

    assert [("https://x.com/?a&b", 2), ("https://y.com/", 3)] == [(link.url, link.line) for link in file.links]
    expected = "<p>é\r\n<a href='https://x.com/?&#39;&amp;&#34;'>x</a>\n<A HREF=https://y.com/?a&#32;b>y</A>"
    assert expected.encode("latin-1") == better


def test_links_that_are_not_tracked_can_be_put_right(tmp_path: Path) -> None:
    """A link with a merge tag has UTM parameters like any other; what has no better URL stays as it is."""
    page = tmp_path / "page.html"
    urls = ["https://x.com/?id={{id}}", "https://x.com/unsubscribe?a", "mailto:a@b?c", "/relative"]
    page.write_text("<base href='https://x.com/'>" + "".join(f"<a href='{url}'>" for url in urls))
    file = read_links(page)
    assert [(url, False) for url in urls[:3]] == [(link.url, link.wanted) for link in file.links[:3]]
    better = file.replacing({url: url.upper() for url in urls[:3]})
    assert [urls[0].upper(), urls[1].upper(), urls[2], urls[3]] == re.findall(r"<a href='(.*?)'>", better.decode())


def test_a_list_of_urls_may_hold_spaces(tmp_path: Path) -> None:
    """Where each line is a URL, it is all of its line."""
    listed = tmp_path / "urls.txt"
    listed.write_text("https://x.com/?utm_campaign=Big Sale\r\n\r\n  https://y.com/\n", newline="")

    file = read_links(listed)

    assert [("https://x.com/?utm_campaign=Big Sale", 1), ("https://y.com/", 3)] == [
        (link.url, link.line) for link in file.links
    ]
    better = file.replacing(
        {"https://x.com/?utm_campaign=Big Sale": "https://x.com/", "https://y.com/": "https://z.com/"}
    )
    assert b"https://x.com/\r\n\r\n  https://z.com/\n" == better


def test_text_is_read_as_its_reader_does(tmp_path: Path) -> None:
    """A URL ends before the full stop of its sentence."""
    text = tmp_path / "letter.txt"
    text.write_text("Hello.\nSee https://x.com/a.\n")
    file = read_links(text)
    assert [("https://x.com/a", 2)] == [(link.url, link.line) for link in file.links]
    assert b"Hello.\nSee https://y.com/.\n" == file.replacing({"https://x.com/a": "https://y.com/"})


def test_a_message_is_read_and_written_in_its_encoding(tmp_path: Path) -> None:
    """A link of a quoted-printable part is one whole URL, and so is the better one; nothing else changes."""
    message = tmp_path / "message.eml"
    raw = (
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
        b'<a href=3D"https://x.com/?a=3Db">=C3=A9</a><a href=3D"https://x.com/unsubscribe">y</a>\n'
    )
    message.write_bytes(raw)
    file = read_links(message)
    assert [("https://x.com/?a=b", 0, True), ("https://x.com/unsubscribe", 0, False)] == [
        (link.url, link.line, link.wanted) for link in file.links
    ]
    better = file.replacing({"https://x.com/?a=b": "https://x.com/?a=c"})
    assert raw.replace(b"a=3Db", b"a=3Dc") == better.replace(b"=\n", b"")


def test_what_cannot_be_read_of_a_message_is_said(tmp_path: Path) -> None:
    """A signed body is not to be changed, so its links are not looked for."""
    message = tmp_path / "message.eml"
    message.write_bytes(b"DKIM-Signature: v=1; b=x\nContent-Type: text/plain\n\nhttps://x.com/\n")
    file = read_links(message)
    assert ((), (Untouched.DKIM_SIGNED,)) == (file.links, file.untouched)


@pytest.mark.parametrize("name", ["missing.html", "folder.pdf"])
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    """A missing file, and one that is none of the kinds we know."""
    (tmp_path / "folder.pdf").touch()
    with pytest.raises(ClicktrailError, match=rf"cannot (read|tell).*{name}"):
        read_links(tmp_path / name)
