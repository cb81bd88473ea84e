"""Measure the length of tokens and the time to seal and open them.

Destinations are made up of words that the compression dictionary was not trained with. Times are those of the fastest
of several rounds, because other load on the machine only adds to them.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Final, TypeVar

from bench.tokens.destinations import MEASUREMENT_WORDS, encode_payload, generate_payloads
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    SealedLink,
    SealedMessage,
    build_token_suffixes,
    open_campaign_token,
    open_token,
    seal_token,
    seal_token_prefix,
)

Content = TypeVar("Content")

_PAYLOAD_COUNT: Final = 2_000
_ROUNDS: Final = 7
_TYPICAL_LENGTHS: Final = range(97, 199)
"""Usual number of characters of destinations with UTM parameters."""

_RING: Final = KeyRing([Key(number=0, secret=bytes(range(SECRET_BYTES)))])


def main() -> None:
    links = [
        link
        for link in generate_payloads(MEASUREMENT_WORDS, count=_PAYLOAD_COUNT, seed=2)
        if len(link.destination) in _TYPICAL_LENGTHS
    ]
    print(f"{len(links)} destinations, median length {median(len(link.destination) for link in links):.0f} characters")
    _print_format("sealed, not compressed", links, _seal_uncompressed, lambda token: open_token(_RING, token))
    _print_format("sealed", links, lambda link: seal_token(_RING, link), lambda token: open_token(_RING, token))
    messages = [
        SealedMessage(link_set_id=1_234, message_id=link.message_id, recipient=link.recipient, sent_at=link.sent_at)
        for link in links
    ]
    (suffix,) = build_token_suffixes(_RING, 1)
    _print_format(
        "campaign",
        messages,
        lambda message: seal_token_prefix(_RING, message) + suffix,
        lambda token: open_campaign_token(_RING, token),
    )


def _print_format(
    name: str, contents: Sequence[Content], encode: Callable[[Content], str], decode: Callable[[str], object]
) -> None:
    tokens = [encode(content) for content in contents]
    lengths = [len(token) for token in tokens]
    print(
        f"{name:<23} p50 {median(lengths):.0f}, p95 {quantiles(lengths, n=20)[-1]:.0f} characters;"
        f" seal {_measure_best_us(encode, contents):.1f} µs, open {_measure_best_us(decode, tokens):.1f} µs"
    )


def _seal_uncompressed(link: SealedLink) -> str:
    # Payload version 0, from before compression.
    return _RING.encrypt(b"\x00" + encode_payload(link))


def _measure_best_us(call: Callable[[Content], object], contents: Sequence[Content]) -> float:
    """Return microseconds per call in the fastest round."""
    return min(_measure_round_s(call, contents) for _ in range(_ROUNDS)) / len(contents) * 1e6


def _measure_round_s(call: Callable[[Content], object], contents: Sequence[Content]) -> float:
    started = time.perf_counter()
    for content in contents:
        call(content)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
