"""Print the JSON document of ``--json``."""

import json

import msgspec

__all__ = ["print_json"]


def print_json(document: object) -> None:
    """Print a Struct, or anything else that msgspec encodes, to standard output."""
    print(json.dumps(msgspec.to_builtins(document), indent=2, ensure_ascii=False))
