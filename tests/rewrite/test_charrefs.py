import pytest

from clicktrail.rewrite.charrefs import decode


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&#38;b=2", "?a=1&b=2"),
        ("?a=1&#038;b=2", "?a=1&b=2"),
        ("?a=1&#x26;b=2", "?a=1&b=2"),
        ("?a=1&#X26b=2", "?a=1\u026b=2"),
        ("&amp;amp;", "&amp;"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("?x&copy=2&reg=3&region=9&para=4", "?x&copy=2&reg=3&region=9&para=4"),
        ("?x&copy;2&copy", "?x©2©"),
        ("?x&copy&reg", "?x©®"),
        ("?x&notit;&notin;", "?x&notit;∉"),
        ("&nosuch; &nosuch", "&nosuch; &nosuch"),
        ("&#; &#x; &", "&#; &#x; &"),
    ],
)
def test_decodes_as_in_an_attribute(written: str, meant: str) -> None:
    """A named reference without its semicolon stays when a letter, a digit or an equals sign follows."""
    assert meant == decode(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("&#0;", "\ufffd"),
        ("&#x0", "\ufffd"),
        ("\0", "\ufffd"),
        ("&#xD800;", "\ufffd"),
        ("&#1114112;", "\ufffd"),
        ("&#x10FFFF;", "\U0010ffff"),
        ("&#" + "9" * 5000 + ";", "\ufffd"),
        ("&#" + "0" * 5000 + "65;", "A"),
        ("&#128;&#x9F;&#129;", "€Ÿ\x81"),
    ],
)
def test_numbers_outside_of_unicode_become_what_the_standard_says(written: str, meant: str) -> None:
    """Numbers that are no character give U+FFFD, those of windows-1252 its characters."""
    assert meant == decode(written)
