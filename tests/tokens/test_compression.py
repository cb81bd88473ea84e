import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.errors import TokenMalformedError
from clicktrail.tokens.compression import DICTIONARY, compress, decompress


@given(payload=st.binary(max_size=2_000))
def test_decompress_undoes_compress(payload: bytes) -> None:
    assert payload == decompress(compress(payload))


@given(data=st.binary(max_size=200))
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with suppress(TokenMalformedError):
        assert len(decompress(data)) <= 65_536


def test_a_payload_has_a_limit() -> None:
    with pytest.raises(TokenMalformedError, match="does not decompress"):
        decompress(compress(bytes(65_537)))


def test_the_dictionary_is_the_one_that_sent_tokens_need() -> None:
    assert "9ac5c52e50866a1576d1268ca0982a052761b1ebf5a3413c6726ee7a59542d26" == hashlib.sha256(DICTIONARY).hexdigest()


def test_threads_do_not_share_a_codec() -> None:
    payloads = [f"https://www.example.com/products/{number}".encode() * 50 for number in range(2_000)]
    with ThreadPoolExecutor(4) as threads:
        assert payloads == list(threads.map(lambda payload: decompress(compress(payload)), payloads))
