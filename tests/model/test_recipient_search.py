import base64
import json
import quopri
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from clicktrail.server.pipeline.erasure import ErasedRecipient

ADDRESSES = [
    "mary@example.com",
    "a+b@example.com",
    "maryüber@example.com",
    "marystraße@example.com",
    "οδυσσευς@a.example",
]


def iterate_spellings(address: str) -> Iterator[str]:
    """The address as other programs write it."""
    capitals = address.replace("ß", "ẞ").upper()
    for spelling in (address, capitals, unicodedata.normalize("NFD", address), f"Mary <{address}>"):
        yield from (spelling, quote(spelling), quote(quote(spelling)), json.dumps(spelling), f"/u/{spelling}/x")
        yield quopri.encodestring(spelling.encode()).decode()
        yield f"https://shop.example/?email={quote(spelling, safe='@')}&x=1"
    for start in ("", "x", "xy"):
        yield base64.b64encode(f"{start}{address}zz".encode()).decode()
        yield base64.urlsafe_b64encode(f"{start}{address}".encode()).decode()


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_is_found_in_every_spelling(address: str) -> None:
    is_in_text = ErasedRecipient(address).is_in_text
    assert [text for text in iterate_spellings(address) if not is_in_text(text.encode())] == []
    assert [text for text in iterate_spellings(address) if not is_in_text(b"\xff\0" + text.encode())] == []


@pytest.mark.parametrize(
    "text",
    [
        "rosemary@example.com",
        "%C3%BCmary@example.com",
        "x.mary@example.com",
        "mary@example.com.au",
        "mary@example.community",
        "mary@example-com",
        "mary+list@example.com",
    ],
)
def test_other_address_is_not_found(text: str) -> None:
    assert not ErasedRecipient("mary@example.com").is_in_text(text.encode())


def test_two_letters_are_not_sharp_s() -> None:
    assert not ErasedRecipient("straße@a.example").is_in_text(b"STRASSE@a.example")
    assert not ErasedRecipient("strasse@a.example").is_in_text("straße@a.example".encode())


def test_domain_is_found_in_ascii_and_unicode() -> None:
    is_in_text = ErasedRecipient("mary@xn--mnchen-3ya.example").is_in_text
    assert [bool(is_in_text(text.encode())) for text in ("MARY@MÜNCHEN.example", "mary%40xn--mnchen-3ya.example")] == [
        True
    ] * 2


def test_opaque_id_is_found_as_it_is() -> None:
    is_in_text = ErasedRecipient("r8F").is_in_text
    assert not ErasedRecipient("r8F").is_address
    assert [bool(is_in_text(text.encode())) for text in ("?id=r8F&x", "5/r8F", "r8f", "ar8F", "r8Fx")] == [
        True,
        True,
    ] + [False] * 3
