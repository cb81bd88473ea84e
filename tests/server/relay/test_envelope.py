import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import RelayError
from clicktrail.server.relay.envelope import Path, parse_path


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        (b"FROM:<>", "", {}),
        (b"from:<a@example.com>", "a@example.com", {}),
        (b"FROM: <a@example.com>", "a@example.com", {}),
        (b"FROM:a@example.com", "a@example.com", {}),
        (b"FROM:<a@example.com> BODY=8BITMIME smtputf8", "a@example.com", {"BODY": "8BITMIME", "SMTPUTF8": ""}),
        (b'FROM:<"a b>\\"c"@example.com>', '"a b>\\"c"@example.com', {}),
        (b"FROM:<@hop.example:a@example.com>", "a@example.com", {}),
        ("FROM:<jürgen@example.com>".encode(), "jürgen@example.com", {}),
    ],
)
def test_path_is_parsed(argument: bytes, address: str, parameters: dict[str, str]) -> None:
    assert Path(address, parameters) == parse_path(argument, "FROM")


@given(st.binary(max_size=60))
def test_any_argument_is_parsed_or_refused_for_good(argument: bytes) -> None:
    reply_code, address = 250, ""
    try:
        address = parse_path(b"TO:" + argument, "TO").address
    except RelayError as error:
        reply_code = error.reply_code
    assert reply_code in {250, 501, 553, 555}
    assert not re.search(r"[\x00-\x1f\x7f]", address)
