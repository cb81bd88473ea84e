import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.utm.structure import StructureFault, is_damaged_value, restore_structure

RIGHT = "https://x.com/?utm_source=a&utm_medium=b"


@pytest.mark.parametrize(
    ("url", "faults", "restored"),
    [
        ("https://x.com/?a=1&utm_source=b#c", "", "https://x.com/?a=1&utm_source=b#c"),
        ("https://x.com/?to=https://y.com/?utm_source=b", "", "https://x.com/?to=https://y.com/?utm_source=b"),
        ("https://x.com/?to=https%3A%2F%2Fy.com%2F%3Futm_source%3Db", "", None),
        ("https://x.com/?to=%2Fshop%3Futm_source%3Db%26utm_medium%3Dc", "", None),
        ("https://x.com/https://y.com/utm_source=b", "", None),
        ("https://x.com/?a=1&amp;utm_source=b", "double-encoded-ampersand", "https://x.com/?a=1&utm_source=b"),
        ("https://x.com/?a=1&amp;amp;b=2", "double-encoded-ampersand", "https://x.com/?a=1&b=2"),
        *[
            (RIGHT.replace("&", ampersand), "double-encoded-ampersand", RIGHT)
            for ampersand in (
                "&amp;",
                "&AMP;",
                "&amp;amp;",
                "&amp%3B",
                "&amp%253B",
                "&amp",
                "&#38;",
                "&#038;",
                "&#x26;",
            )
        ],
        (RIGHT.replace("&", "%26amp%3B"), "double-encoded-ampersand", RIGHT),
        *[(RIGHT.replace("&", ampersand), "encoded-ampersand", RIGHT) for ampersand in ("%26", "%2526", "%252526")],
        (RIGHT.replace("&", "%26").replace("m=", "m%3D"), "encoded-ampersand", RIGHT),
        (RIGHT.replace("&", "%2526").replace("m=", "m%253d"), "encoded-ampersand", RIGHT),
        (RIGHT.replace("=", "%3D"), "encoded-ampersand", RIGHT),
        (RIGHT + "%26c%3Dd%26utm_term%3Dx%2520y", "encoded-ampersand", RIGHT + "%26c%3Dd&utm_term=x%20y"),
        *[
            (RIGHT.replace("&", mark), "wrong-separator", RIGHT)
            for mark in (";", "%3B", ",", "|", "+", " ", "%20", "/")
        ],
        ("https://x.com/?a=1?utm_source=b", "second-question-mark", "https://x.com/?a=1&utm_source=b"),
        ("https://x.com/?a=1%3Futm_source%3Db", "second-question-mark", "https://x.com/?a=1&utm_source=b"),
        (RIGHT.replace("?", "??"), "second-question-mark", RIGHT),
        *[(RIGHT.replace("?", path), "in-path", RIGHT) for path in ("", "&", "%3F", "%253F", ";", "%26")],
        ("https://x.com/a&utm_source=b?c=d#e", "in-path", "https://x.com/a?utm_source=b&c=d#e"),
        ("https://x.com&utm_source=b", "in-path", "https://x.com?utm_source=b"),
        (RIGHT.replace("?", "").replace("&", ";"), "wrong-separator in-path", RIGHT),
        (RIGHT.replace("?", "#"), "in-fragment", RIGHT),
        ("https://x.com/?a=1#top?utm_source=b", "in-fragment", "https://x.com/?a=1&utm_source=b#top"),
        ("https://x.com/?#/route&utm_source=b", "in-fragment", "https://x.com/?utm_source=b#/route"),
        ("https://x.com/#?utm_source=b&c=d", "in-fragment", "https://x.com/#?utm_source=b&c=d"),
    ],
)
def test_misplaced_parameters_are_restored(url: str, faults: str, restored: str | None) -> None:
    structure = restore_structure(url)
    assert list(structure.faults) == [fault for fault in StructureFault if fault in faults.split()]
    assert structure.restored.append_pairs([]) == (url if restored is None else restored)


@given(st.text(alphabet="utm_source=%&?;#/ab").map("https://x.com/?".__add__))
def test_restored_parameters_stay(url: str) -> None:
    restored = restore_structure(url).restored
    again = restore_structure(restored.append_pairs([]))
    assert again.restored.append_pairs([]) == restored.append_pairs([]) or again.faults


@pytest.mark.parametrize("value", ["a&b", "email;x", "a?b", "a=b", "2026-11%20sale", "utm_medium", "winter/", "x#y"])
def test_damaged_values(value: str) -> None:
    assert is_damaged_value(value)


@pytest.mark.parametrize("value", ["email", "2026-11_winter", "50%_off", "a/b", "é", "a+b", "shop now"])
def test_ordinary_values(value: str) -> None:
    assert not is_damaged_value(value)


MANY = 50_000
"""Parameters; the time of a test is limited, and what grew with their square would not end in it."""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("fragment", ["#" + "utm_a=b&" * MANY + "c", "#" + "&utm_a=b" * MANY + "&c"])
def test_a_long_fragment_is_read_at_once(fragment: str) -> None:
    structure = restore_structure(f"https://x.com/{fragment}")
    assert structure.faults == (StructureFault.FRAGMENT,)
    assert structure.restored.append_pairs([]) == f"https://x.com/{fragment}"
