"""Write a simulated event log and its ground truth.

``python -m bench.population FOLDER [--scenario common|unseen|lifelike] [--seed 0] [--recipients 2500]`` writes
``events.jsonl``, which ``clicktrail audit`` reads, and ``truth.jsonl``, the kind and actor of each click.
"""

import argparse
from pathlib import Path

import msgspec

from bench.population.scenarios import COMMON, LIFELIKE, UNSEEN
from bench.population.world import simulate
from clicktrail.model.event import encode_event


def main() -> None:
    scenarios = {scenario.name: scenario for scenario in (COMMON, UNSEEN, LIFELIKE)}
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenario", choices=scenarios, default=COMMON.name)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipients", type=int, default=2_500, help="number of recipients of each campaign")
    options = parser.parse_args()
    simulation = simulate(scenarios[options.scenario], seed=options.seed, recipient_count=options.recipients)
    options.folder.mkdir(parents=True, exist_ok=True)
    events = b"".join(encode_event(event) + b"\n" for event in simulation.events)
    (options.folder / "events.jsonl").write_bytes(events)
    truths = b"".join(msgspec.json.encode(truth) + b"\n" for truth in simulation.truths)
    (options.folder / "truth.jsonl").write_bytes(truths)


if __name__ == "__main__":
    main()
