import pytest

from clicktrail.model.link import Element
from clicktrail.rewrite.html import find_links


def described(html: str) -> tuple[Element, str]:
    """What the first link looks like and says."""
    found = find_links(html)[0]
    return found.element, found.label


@pytest.mark.parametrize(
    ("html", "label"),
    [
        ("<a href=1>Read  more\n</a>x", "Read more"),
        ("<a href=1>Fish &amp; chips</a>", "Fish & chips"),
        ("<a href=1><b>Buy</b><!-- no --> it</A >", "Buy it"),
        ("<a href=1><!--[if mso]><i>no</i><![endif]-->Buy&nbsp;it</a>", "Buy it"),
        ("<a href=1>a\u200bb</a>", "ab"),
        ("<a href=1>one<a href=2>two</a>", "one"),
        ("<a href=1 data-clicktrail-label='My &amp; name'>x</a>", "My & name"),
        (f"<a href=1>{'x' * 200}</a>", "x" * 100),
        ("<a href=1>never closed", "never closed"),
        ("<a href=1></a>", ""),
        ("<!--[if mso]><v:rect href=1><center>Buy</center></v:rect><![endif]-->", "Buy"),
    ],
)
def test_a_label_is_what_a_reader_reads(html: str, label: str) -> None:
    """Text without markup, decoded, white space collapsed; a label of the sender's own goes first."""
    assert label == described(html)[1]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href=1><img src=x alt="Our &quot;logo&quot;"></a>', (Element.IMAGE, 'Our "logo"')),
        ("<a href=1><IMG alt=Logo src=x></a>", (Element.IMAGE, "Logo")),
        ("<a href=1><img src=x></a>", (Element.IMAGE, "")),
        ("<a href=1><img src=x alt=no>Text</a>", (Element.TEXT, "Text")),
        ("<map><area href=1 alt=Map></map>", (Element.IMAGE, "Map")),
        ('<a href=1 class="btn-primary">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 role="button">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 style="background-color:red;padding:4px">Buy</a>', (Element.BUTTON, "Buy")),
        ('<a href=1 style="color:red">Buy</a>', (Element.TEXT, "Buy")),
        ("<!--[if mso]><v:shape href=1></v:shape><![endif]-->", (Element.BUTTON, "")),
    ],
)
def test_an_element_is_what_a_reader_sees(html: str, expected: tuple[Element, str]) -> None:
    """An image has no text beside it, a button looks like one."""
    assert expected == described(html)
