"""Write a simulated log of events, and the truth beside it.

``python -m bench.population FOLDER [--cast common|unseen] [--seed 0] [--recipients 2500]`` writes ``events.jsonl``,
which ``clicktrail audit`` reads, and ``truth.jsonl``: who made each click.
"""

import argparse
from pathlib import Path

import msgspec

from bench.population.scenarios import COMMON, UNSEEN
from bench.population.world import simulate
from clicktrail.model.event import encode_event


def main() -> None:
    """Simulate and write."""
    casts = {cast.name: cast for cast in (COMMON, UNSEEN)}
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cast", choices=casts, default=COMMON.name)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipients", type=int, default=2_500, help="of each campaign")
    asked = parser.parse_args()
    world = simulate(casts[asked.cast], seed=asked.seed, recipient_count=asked.recipients)
    asked.folder.mkdir(parents=True, exist_ok=True)
    (asked.folder / "events.jsonl").write_bytes(b"".join(encode_event(event) + b"\n" for event in world.events))
    (asked.folder / "truth.jsonl").write_bytes(b"".join(msgspec.json.encode(fact) + b"\n" for fact in world.truths))


if __name__ == "__main__":
    main()
