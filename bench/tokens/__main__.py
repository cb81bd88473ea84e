"""How long tokens are, and what it costs to seal and to open them.

Lengths are those of made-up destinations whose words the compression's dictionary was not trained with. Each time is
the best of several rounds over all of them, since whatever else the machine does can only add to it.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Final, TypeVar

import msgspec

from bench.tokens.destinations import MEASUREMENT_WORDS, generate_payloads
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
"""Characters of a destination with UTM parameters."""

_RING: Final = KeyRing([Key(number=0, secret=bytes(range(SECRET_BYTES)))])


def main() -> None:
    """Print a line for each format."""
    drawn = [
        each
        for each in generate_payloads(MEASUREMENT_WORDS, count=_PAYLOAD_COUNT, seed=2)
        if len(each.destination) in _TYPICAL_LENGTHS
    ]
    print(
        f"{len(drawn)} destinations of {median(len(each.destination) for each in drawn):.0f} characters at the median"
    )
    _print_format("sealed, not compressed", drawn, _seal_uncompressed, lambda token: open_token(_RING, token))
    _print_format("sealed", drawn, lambda each: seal_token(_RING, each), lambda token: open_token(_RING, token))
    messages = [
        SealedMessage(link_set_id=1_234, message_id=each.message_id, recipient=each.recipient, sent_at=each.sent_at)
        for each in drawn
    ]
    end = build_token_suffixes(_RING, 1)[0]
    _print_format(
        "campaign",
        messages,
        lambda each: seal_token_prefix(_RING, each) + end,
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


def _seal_uncompressed(sealed: SealedLink) -> str:
    """A token of payload version 0, as all of them were before there was a dictionary."""
    fields = (*msgspec.structs.astuple(sealed)[:-1], int(sealed.sent_at.timestamp()))
    return _RING.encrypt(b"\x00" + msgspec.msgpack.encode(fields))


def _measure_best_us(call: Callable[[Content], object], contents: Sequence[Content]) -> float:
    """Microseconds a call, in the best round."""
    return min(_time_round(call, contents) for _ in range(_ROUNDS)) / len(contents) * 1e6


def _time_round(call: Callable[[Content], object], contents: Sequence[Content]) -> float:
    started = time.perf_counter()
    for content in contents:
        call(content)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
