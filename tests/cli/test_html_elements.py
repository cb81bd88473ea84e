from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.cli.html_elements import Html, element, join


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (element("p", "<script>alert(1)</script>"), "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        (element("p", "a & b", element("b", "c")), "<p>a &amp; b<b>c</b></p>"),
        (element("td", "", data_label='"><x', class_="n"), '<td data-label="&quot;&gt;&lt;x" class="n"></td>'),
        (element("tr", class_=""), "<tr></tr>"),
        (element("p", "\u202eevil\x1b[31m"), r"<p>\u202eevil\x1b[31m</p>"),
        (join("<", Html("<br>")), "&lt;<br>"),
    ],
)
def test_strings_are_escaped(markup: Html, text: str) -> None:
    assert markup == text


class Reader(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.values: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_text_becomes_markup(text: str, value: str) -> None:
    reader = Reader()
    reader.feed(element("p", text, title=value))
    reader.close()
    assert reader.tags == ["p"]
    assert len(reader.values) == 1
    if text.isprintable() and value.isprintable():
        assert (reader.text, reader.values) == (text, [value])
