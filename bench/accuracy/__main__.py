"""Measure the accuracy of the judge and of other products' rules on simulated event logs with ground truth.

``./dev accuracy [--seeds 20] [--recipients 2500] [--population NAME] [--json]``. The judge runs as ``clicktrail audit``
on the log, and also as the running system does. The exit status is 1 if a measure misses its threshold.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench.accuracy.baselines import BASELINES, ClickLog
from bench.accuracy.metrics import Estimate, Tally, estimate_measures, tally_verdicts
from bench.accuracy.thresholds import (
    LIFELIKE_ESP_LOG,
    OUR_CLASSIFIERS,
    OURS,
    OURS_LIVE,
    OURS_WITHOUT_BEACON,
    Estimates,
    Threshold,
    evaluate_thresholds,
)
from bench.population.esp_log import record_as_esp
from bench.population.scenarios import COMMON, LIFELIKE, UNSEEN, Scenario
from bench.population.world import Simulation, simulate
from clicktrail.audit import judge_messages
from clicktrail.cli.audit import audit
from clicktrail.cli.partitions import open_partitions
from clicktrail.judge import Context, judge
from clicktrail.judge.shipped import build_context_with_networks
from clicktrail.model.event import AnyEvent, Engagement, encode_event
from clicktrail.model.verdict import Verdict

SCENARIOS: Final = {scenario.name: scenario for scenario in (COMMON, UNSEEN, LIFELIKE)}

SeedTallies = Mapping[str, Mapping[str, Tally]]
"""Tallies of one seed, by population and classifier."""


class _AuditedClick(msgspec.Struct):
    id: str
    verdict: Verdict


class _AuditDocument(msgspec.Struct):
    clicks: list[_AuditedClick]


def judge_events(events: Iterable[AnyEvent]) -> Mapping[str, Verdict]:
    """Run ``clicktrail audit`` on these events, and return its verdicts by click id."""
    output = io.StringIO()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_bytes(b"".join(encode_event(event) + b"\n" for event in events))
        with redirect_stdout(output):
            audit(files=[str(log)], json_=True)
    document = msgspec.json.decode(output.getvalue(), type=_AuditDocument)
    return {click.id: click.verdict for click in document.clicks}


def judge_events_live(events: Iterable[AnyEvent], context: Context) -> Mapping[str, Verdict]:
    """Verdicts of the running system by click id: without the signals that need a whole log."""
    with open_partitions() as partitions:
        for event in events:
            partitions.add(event)
        return {
            judged.click.id: judged.verdict
            for message_events, nearby_clicks in partitions
            for _, clicks in judge_messages(message_events, partial(judge, context=context), nearby_clicks)
            for judged in clicks
        }


def measure_seed(
    *, seed: int, recipient_count: int, context: Context, scenarios: Iterable[Scenario] = tuple(SCENARIOS.values())
) -> SeedTallies:
    """Simulate all populations with one seed, and tally the verdicts of every classifier."""
    tallies = {}
    for scenario in scenarios:
        simulation = simulate(scenario, seed=seed, recipient_count=recipient_count)
        tallies[scenario.name] = _tally_classifiers(simulation, context)
        if scenario is LIFELIKE:
            tallies[LIFELIKE_ESP_LOG] = _tally_classifiers(record_as_esp(simulation), context)
    return tallies


def _tally_classifiers(simulation: Simulation, context: Context) -> Mapping[str, Tally]:
    without_engagement = [event for event in simulation.events if not isinstance(event, Engagement)]
    log = ClickLog.from_events(simulation.events, context)
    return {
        OURS: tally_verdicts(simulation, judge_events(simulation.events)),
        OURS_WITHOUT_BEACON: tally_verdicts(simulation, judge_events(without_engagement)),
        OURS_LIVE: tally_verdicts(simulation, judge_events_live(simulation.events, context)),
        **{
            baseline.name: tally_verdicts(simulation, _make_bot_verdicts(simulation, baseline.find_bots(log)))
            for baseline in BASELINES
        },
    }


def _make_bot_verdicts(simulation: Simulation, bot_click_ids: Iterable[str]) -> Mapping[str, Verdict]:
    bots = set(bot_click_ids)
    return {truth.click_id: Verdict.BOT if truth.click_id in bots else Verdict.HUMAN for truth in simulation.truths}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=2_500, help="number of recipients of each campaign")
    parser.add_argument("--population", choices=SCENARIOS, help="only this population; default: all")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    context = build_context_with_networks((), today=date.min)
    scenarios = [SCENARIOS[options.population]] if options.population else [*SCENARIOS.values()]
    seeds = [
        measure_seed(seed=seed, recipient_count=options.recipients, context=context, scenarios=scenarios)
        for seed in range(options.seeds)
    ]
    estimates = {
        population: {name: estimate_measures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    results = evaluate_thresholds(estimates)
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(_build_document(estimates, seeds, results)) + b"\n")
    else:
        for population, by_classifier in estimates.items():
            _print_estimates(population, by_classifier)
            _print_actors([seed[population] for seed in seeds])
        _print_thresholds(results)
    return 0 if all(threshold.is_met_by(estimate) for threshold, estimate in results) else 1


def _build_document(
    estimates: Estimates, seeds: Sequence[SeedTallies], results: Sequence[tuple[Threshold, Estimate]]
) -> object:
    return {
        "estimates": estimates,
        "actors": {population: _count_by_actor([seed[population] for seed in seeds], OURS) for population in estimates},
        "thresholds": [
            {**asdict(threshold), "estimate": estimate, "is_met": threshold.is_met_by(estimate)}
            for threshold, estimate in results
        ],
    }


def _print_estimates(population: str, estimates: Mapping[str, Mapping[str, Estimate]]) -> None:
    print(f"### {population}\n")
    _print_table(
        ["rule", *estimates[OURS]],
        (
            [
                name,
                *(
                    f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
                    if name in OUR_CLASSIFIERS
                    else f"{estimate.value:.3f}"
                    for estimate in by_measure.values()
                ),
            ]
            for name, by_measure in estimates.items()
        ),
    )


def _print_actors(tallies_by_seed: Sequence[Mapping[str, Tally]]) -> None:
    """Shares of our verdicts on the requests of each actor, with and without engagement events."""
    without_beacon = _count_by_actor(tallies_by_seed, OURS_WITHOUT_BEACON)
    _print_table(
        ["requests of", "all", *Verdict],
        (
            [
                actor,
                str(verdicts.total()),
                *(
                    f"{verdicts[verdict] / verdicts.total():.3f} / "
                    f"{without_beacon[actor][verdict] / verdicts.total():.3f}"
                    for verdict in Verdict
                ),
            ]
            for actor, verdicts in _count_by_actor(tallies_by_seed, OURS).items()
        ),
    )


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    # as Markdown, for docs/explanation/accuracy.md
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def _count_by_actor(tallies_by_seed: Sequence[Mapping[str, Tally]], classifier: str) -> Mapping[str, Counter[Verdict]]:
    total: dict[str, Counter[Verdict]] = {}
    for tallies in tallies_by_seed:
        for actor, verdicts in tallies[classifier].verdicts_by_actor.items():
            total.setdefault(actor, Counter()).update(verdicts)
    return dict(sorted(total.items()))


def _print_thresholds(results: Sequence[tuple[Threshold, Estimate]]) -> None:
    for threshold, estimate in results:
        status = "met   " if threshold.is_met_by(estimate) else "MISSED"
        comparison = "≥" if threshold.is_minimum else "≤"
        origin = ", the best of the other rules" if threshold.is_best_baseline else ""
        print(
            f"{status}  {threshold.population}: {threshold.measure} of {threshold.classifier} "
            f"{comparison} {threshold.value:.4g}{origin}: {estimate.value:.4f}"
        )


if __name__ == "__main__":
    sys.exit(main())
