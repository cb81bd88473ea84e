"""Train the dictionary of the tokens' compression, and print it as a module.

    .venv/bin/python -m bench.tokens.dictionary > new.py

It was run once. Tokens in mailboxes depend on the very bytes that it printed, so its output never replaces
src/clicktrail/tokens/dictionary.py: a better dictionary is a second module and another payload version.
"""

import base64
import textwrap

import msgspec
import zstandard

from bench.tokens.destinations import TRAINING_WORDS, generate_payloads

SIZE_BYTES = 8_192
SAMPLE_COUNT = 20_000


def main() -> None:
    """Print the module."""
    samples: list[bytes | bytearray | memoryview[int]] = [
        msgspec.msgpack.encode((*msgspec.structs.astuple(sealed)[:-1], int(sealed.sent_at.timestamp())))
        for sealed in generate_payloads(TRAINING_WORDS, count=SAMPLE_COUNT, seed=1)
    ]
    dictionary = zstandard.train_dictionary(SIZE_BYTES, samples, d=8, k=200, level=4, dict_id=1)
    lines = textwrap.wrap(base64.b85encode(dictionary.as_bytes()).decode(), 110, break_on_hyphens=False)
    print('"""Dictionary 1 of the tokens\' compression: printed by bench/dictionary.py, and never changed."""\n')
    print('import base64\n\n__all__ = ["DICTIONARY"]\n\nDICTIONARY = base64.b85decode(')
    print("\n".join(f'    "{line}"' for line in lines))
    print(f')\n"""{SIZE_BYTES:,} bytes in the format of RFC 8878 section 5, trained on made-up payloads."""')


if __name__ == "__main__":
    main()
