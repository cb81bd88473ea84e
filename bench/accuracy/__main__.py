"""How well people are told from scanners, by the judge and by others' rules, in populations whose truth is known.

``./dev accuracy [--seeds 20] [--recipients 2500] [--json]``. The judge sees what ``clicktrail audit`` sees: a log of
events. It exits with 1 where a bar does not hold.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.accuracy.baselines import BASELINES, ClickLog
from bench.accuracy.metrics import Estimate, Tally, estimate_measures, tally_verdicts
from bench.accuracy.thresholds import OURS, OURS_WITHOUT_BEACON, Estimates, Threshold, evaluate_thresholds
from bench.population.scenarios import COMMON, UNSEEN, Scenario
from bench.population.world import Simulation, simulate
from clicktrail.cli.audit import audit
from clicktrail.judge import Context
from clicktrail.judge.shipped import build_context_with_networks
from clicktrail.model.event import AnyEvent, Engagement, encode_event
from clicktrail.model.verdict import Verdict

__all__ = ["judge_events", "measure_seed"]

SeedTallies = Mapping[str, Mapping[str, Tally]]
"""Tallies of one seed, by population and classifier."""


class _AuditedClick(msgspec.Struct):
    id: str
    verdict: Verdict


class _AuditDocument(msgspec.Struct):
    clicks: list[_AuditedClick]


def judge_events(events: Iterable[AnyEvent]) -> Mapping[str, Verdict]:
    """The verdicts of ``clicktrail audit`` on a log of these events, by click id."""
    printed = io.StringIO()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_bytes(b"".join(encode_event(event) + b"\n" for event in events))
        with redirect_stdout(printed):
            audit(files=[str(log)], json_=True)
    document = msgspec.json.decode(printed.getvalue(), type=_AuditDocument)
    return {click.id: click.verdict for click in document.clicks}


def measure_seed(*, seed: int, recipient_count: int, context: Context) -> SeedTallies:
    """Both populations of one seed, judged by everybody."""
    return {
        cast.name: _tally_classifiers(cast, seed=seed, recipient_count=recipient_count, context=context)
        for cast in (COMMON, UNSEEN)
    }


def _tally_classifiers(scenario: Scenario, *, seed: int, recipient_count: int, context: Context) -> Mapping[str, Tally]:
    world = simulate(scenario, seed=seed, recipient_count=recipient_count)
    silent = [event for event in world.events if not isinstance(event, Engagement)]
    log = ClickLog.from_events(world.events, context)
    return {
        OURS: tally_verdicts(world, judge_events(world.events)),
        OURS_WITHOUT_BEACON: tally_verdicts(world, judge_events(silent)),
        **{peer.name: tally_verdicts(world, _make_bot_verdicts(world, peer.find_bots(log))) for peer in BASELINES},
    }


def _make_bot_verdicts(simulation: Simulation, bot_click_ids: Iterable[str]) -> Mapping[str, Verdict]:
    bots = set(bot_click_ids)
    return {fact.click_id: Verdict.BOT if fact.click_id in bots else Verdict.HUMAN for fact in simulation.truths}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=2_500, help="of each of a world's campaigns")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    context = build_context_with_networks((), today=date.min)
    seeds = [measure_seed(seed=seed, recipient_count=asked.recipients, context=context) for seed in range(asked.seeds)]
    found = {
        population: {name: estimate_measures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    held = evaluate_thresholds(found)
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.encode(_build_document(found, seeds, held)) + b"\n")
    else:
        for population, by_classifier in found.items():
            _print_estimates(population, by_classifier)
            _print_actors([seed[population] for seed in seeds])
        _print_thresholds(held)
    return 0 if all(bar.is_met_by(figure) for bar, figure in held) else 1


def _build_document(
    estimates: Estimates, seeds: Sequence[SeedTallies], results: Sequence[tuple[Threshold, Estimate]]
) -> object:
    return {
        "figures": estimates,
        "actors": {population: _count_by_actor([seed[population] for seed in seeds], OURS) for population in estimates},
        "bars": [{**asdict(bar), "figure": figure, "holds": bar.is_met_by(figure)} for bar, figure in results],
    }


def _print_estimates(population: str, estimates: Mapping[str, Mapping[str, Estimate]]) -> None:
    print(f"### {population}\n")
    _print_table(
        [population, *estimates[OURS]],
        (
            [name, *(f"{each.value:.3f} ({each.low:.3f} to {each.high:.3f})" for each in by_measure.values())]
            for name, by_measure in estimates.items()
        ),
    )


def _print_actors(simulations: Sequence[Mapping[str, Tally]]) -> None:
    """Our verdicts on all requests of each actor, and behind the slash those without a beacon."""
    blind = _count_by_actor(simulations, OURS_WITHOUT_BEACON)
    _print_table(
        ["requests of", "all", *Verdict],
        (
            [
                actor,
                str(verdicts.total()),
                *(
                    f"{verdicts[each] / verdicts.total():.3f} / {blind[actor][each] / verdicts.total():.3f}"
                    for each in Verdict
                ),
            ]
            for actor, verdicts in _count_by_actor(simulations, OURS).items()
        ),
    )


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """In Markdown, as docs/explanation/accuracy.md has it."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def _count_by_actor(simulations: Sequence[Mapping[str, Tally]], classifier: str) -> Mapping[str, Counter[Verdict]]:
    total: dict[str, Counter[Verdict]] = {}
    for world in simulations:
        for actor, verdicts in world[classifier].verdicts_by_actor.items():
            total.setdefault(actor, Counter()).update(verdicts)
    return dict(sorted(total.items()))


def _print_thresholds(results: Sequence[tuple[Threshold, Estimate]]) -> None:
    for bar, figure in results:
        wanted = f"{bar.measure} of {bar.classifier} {'≥' if bar.is_minimum else '≤'} {bar.value:.4g}"
        whose = ", the best of the others" if bar.is_best_baseline else ""
        print(f"{'holds' if bar.is_met_by(figure) else 'FAILS'}  {bar.population}: {wanted}{whose}: {figure.value:.4f}")


if __name__ == "__main__":
    sys.exit(main())
