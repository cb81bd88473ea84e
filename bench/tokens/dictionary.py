"""Train the compression dictionary of tokens and print it as Python.

The dictionary in src/clicktrail/tokens/compression.py was printed once and must never change, because tokens in sent
messages depend on its bytes. A better dictionary needs a new payload version.
"""

import base64
import textwrap

import zstandard

from bench.tokens.destinations import TRAINING_WORDS, encode_payload, generate_payloads

SIZE_BYTES = 8_192
SAMPLE_COUNT = 20_000


def main() -> None:
    samples: list[bytes | bytearray | memoryview[int]] = [
        encode_payload(link) for link in generate_payloads(TRAINING_WORDS, count=SAMPLE_COUNT, seed=1)
    ]
    dictionary = zstandard.train_dictionary(SIZE_BYTES, samples, d=8, k=200, level=4, dict_id=1)
    lines = textwrap.wrap(base64.b85encode(dictionary.as_bytes()).decode(), 110, break_on_hyphens=False)
    print("DICTIONARY = base64.b85decode(")
    print("\n".join(f'    "{line}"' for line in lines))
    print(f')\n"""{SIZE_BYTES:,} bytes in the format of RFC 8878 section 5, trained on made-up payloads."""')


if __name__ == "__main__":
    main()
