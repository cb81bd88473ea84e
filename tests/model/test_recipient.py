import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.event import Click, decode_event, encode_event
from clicktrail.model.recipient import find_addresses, normalize_recipient, unique_recipients
from tests.support.judged_lines import SENT_AT

SPELLINGS = {
    "mary@example.com": (
        "MARY@Example.COM",
        " mary@example.com\t",
        "Mary Display <mary@example.com>",
        '"Mary <the boss>" <MARY@example.com>',
        "<mary@example.com>",
        '"Mary"@example.com',
        "mary@example.com.",
        'Mary <"mary"@example.com.>',
    ),
    '"a b"@example.com': ('"A b"@example.com',),
    "a.b@example.com": ('"a.b"@example.com',),
    "maryüber@example.com": ("MARYÜBER@EXAMPLE.COM", "maryu\u0308ber@example.com", "MARYU\u0308BER@example.com"),
    "marystraße@example.com": ("MARYSTRAẞE@example.com", "Mary <MarySTRAßE@example.com>"),
    "οδυσσευς@example.com": ("ΟΔΥΣΣΕΥΣ@example.com", "οδυσσευσ@example.com", "Οδυςςευς@example.com"),
    "οδυσσευς.δ@example.com": ("ΟΔΥΣΣΕΥΣ.Δ@example.com",),
    "mary@münchen.example": ("mary@xn--mnchen-3ya.example", "MARY@XN--MNCHEN-3YA.example", "mary@MÜNCHEN.example"),
    "иван@пример.example": ("ИВАН@ПРИМЕР.example",),
    "ﬀ@example.com": (),  # a ligature would fold to two letters
    "i̇smail@example.com": ("İSMAIL@example.com", "İsmail@example.com"),
}


@pytest.mark.parametrize(
    ("spelling", "name"), [(spelling, name) for name, all_ in SPELLINGS.items() for spelling in (name, *all_)]
)
def test_spellings_of_one_recipient_have_one_name(spelling: str, name: str) -> None:
    assert normalize_recipient(spelling) == unicodedata.normalize("NFC", name)


def test_different_recipients_have_different_names() -> None:
    recipients = [
        "straße@a.example",
        "strasse@a.example",
        "\u0131smail@a.example",
        "ismail@a.example",
        "mary@a.example",
    ]
    assert len(set(map(normalize_recipient, recipients))) == len(recipients)


@pytest.mark.parametrize("opaque_id", ["r8F", "R8f", "Straße", "a<b>", ""])
def test_opaque_id_keeps_its_case(opaque_id: str) -> None:
    assert normalize_recipient(f" {opaque_id} ") == opaque_id


def test_null_path_is_no_recipient() -> None:
    assert [normalize_recipient(text) for text in ("", " ", "<>", " <> ")] == [""] * 4


def test_opaque_id_is_composed() -> None:
    assert normalize_recipient("u\u0308") == "ü"


@given(st.text(max_size=40).map(lambda text: f"{text}@example.com"))
def test_name_is_its_own_normal_form(recipient: str) -> None:
    name = normalize_recipient(recipient)
    assert normalize_recipient(name) == name


@given(st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=20))
def test_decomposed_recipient_is_the_same(local_part: str) -> None:
    recipient = f"{local_part}@example.com"
    assert normalize_recipient(unicodedata.normalize("NFD", recipient)) == normalize_recipient(recipient)


@given(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=20))
def test_recipient_in_capitals_is_the_same(letters: str) -> None:
    # Letters without a single capital, such as ß and ŉ, and the dotless i, whose capital is that of i, are left out.
    local_part = "".join(letter for letter in letters if len(letter.upper()) == 1 and letter != "\u0131")
    recipient = f"x{local_part}@example.com"
    assert normalize_recipient(recipient.upper()) == normalize_recipient(recipient)


def test_recipients_of_one_person_are_one() -> None:
    assert unique_recipients(["Mary <mary@a.example>", "MARY@a.example", "", "r8F"]) == ("mary@a.example", "r8F")


def test_event_is_encoded_and_decoded_with_a_normalized_recipient() -> None:
    click = Click(id="1", at=SENT_AT, recipient="Mary <MARY@example.com>")
    line = encode_event(click)
    assert b"MARY" not in line
    assert decode_event(line.replace(b"mary@", b"MARY@")).recipient == "mary@example.com"


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("https://a.example/?email=Mary@a.example&b=1", {"mary@a.example"}),
        ("https://a.example/?email=MARY%40a.example#x", {"mary@a.example"}),
        ("https://a.example/?email=mary%2540a.example", {"mary@a.example"}),
        ("https://a.example/u/mary%C3%BC@a.example/", {"maryü@a.example"}),
        ("https://a.example/?b=1", set()),
    ],
)
def test_addresses_of_a_url(url: str, addresses: set[str]) -> None:
    assert addresses <= find_addresses(url)
    assert bool(addresses) == bool(find_addresses(url))
