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

from bench.accuracy.baselines import PEERS, Log
from bench.accuracy.metrics import Figure, Tally, figures, tally
from bench.accuracy.thresholds import BLIND, OURS, Bar, Found, bars
from bench.population.scenarios import COMMON, UNSEEN, Cast
from bench.population.world import World, simulate
from clicktrail.cli.audit import audit
from clicktrail.judge import Context
from clicktrail.judge.shipped import context_with
from clicktrail.model.event import AnyEvent, Engagement, encode
from clicktrail.model.verdict import Verdict

__all__ = ["judged", "measured"]

Measured = Mapping[str, Mapping[str, Tally]]
"""Tallies of one seed, by population and classifier."""


class _AuditedClick(msgspec.Struct):
    id: str
    verdict: Verdict


class _Audited(msgspec.Struct):
    clicks: list[_AuditedClick]


def judged(events: Iterable[AnyEvent]) -> Mapping[str, Verdict]:
    """The verdicts of ``clicktrail audit`` on a log of these events, by click id."""
    printed = io.StringIO()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_bytes(b"".join(encode(event) + b"\n" for event in events))
        with redirect_stdout(printed):
            audit(files=[str(log)], json_=True)
    document = msgspec.json.decode(printed.getvalue(), type=_Audited)
    return {click.id: click.verdict for click in document.clicks}


def measured(*, seed: int, recipients: int, context: Context) -> Measured:
    """Both populations of one seed, judged by everybody."""
    return {cast.name: _tallies(cast, seed=seed, recipients=recipients, context=context) for cast in (COMMON, UNSEEN)}


def _tallies(cast: Cast, *, seed: int, recipients: int, context: Context) -> Mapping[str, Tally]:
    world = simulate(cast, seed=seed, recipients=recipients)
    silent = [event for event in world.events if not isinstance(event, Engagement)]
    log = Log.of(world.events, context)
    return {
        OURS: tally(world, judged(world.events)),
        BLIND: tally(world, judged(silent)),
        **{peer.name: tally(world, _verdicts(world, peer.machines(log))) for peer in PEERS},
    }


def _verdicts(world: World, machines: Iterable[str]) -> Mapping[str, Verdict]:
    bots = set(machines)
    return {fact.click_id: Verdict.BOT if fact.click_id in bots else Verdict.HUMAN for fact in world.facts}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=2_500, help="of each of a world's campaigns")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    context = context_with((), today=date.min)
    seeds = [measured(seed=seed, recipients=asked.recipients, context=context) for seed in range(asked.seeds)]
    found = {
        population: {name: figures([seed[population][name] for seed in seeds]) for name in classifiers}
        for population, classifiers in seeds[0].items()
    }
    held = bars(found)
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.encode(_document(found, seeds, held)) + b"\n")
    else:
        for population, by_classifier in found.items():
            _print_figures(population, by_classifier)
            _print_actors([seed[population] for seed in seeds])
        _print_bars(held)
    return 0 if all(bar.holds(figure) for bar, figure in held) else 1


def _document(found: Found, seeds: Sequence[Measured], held: Sequence[tuple[Bar, Figure]]) -> object:
    return {
        "figures": found,
        "actors": {population: _actors([seed[population] for seed in seeds], OURS) for population in found},
        "bars": [{**asdict(bar), "figure": figure, "holds": bar.holds(figure)} for bar, figure in held],
    }


def _print_figures(population: str, found: Mapping[str, Mapping[str, Figure]]) -> None:
    print(f"### {population}\n")
    _print_table(
        [population, *found[OURS]],
        (
            [name, *(f"{each.value:.3f} ({each.low:.3f} to {each.high:.3f})" for each in by_measure.values())]
            for name, by_measure in found.items()
        ),
    )


def _print_actors(worlds: Sequence[Mapping[str, Tally]]) -> None:
    """Our verdicts on all requests of each actor, and behind the slash those without a beacon."""
    blind = _actors(worlds, BLIND)
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
            for actor, verdicts in _actors(worlds, OURS).items()
        ),
    )


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """In Markdown, as docs/explanation/accuracy.md has it."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print()


def _actors(worlds: Sequence[Mapping[str, Tally]], classifier: str) -> Mapping[str, Counter[Verdict]]:
    total: dict[str, Counter[Verdict]] = {}
    for world in worlds:
        for actor, verdicts in world[classifier].actors.items():
            total.setdefault(actor, Counter()).update(verdicts)
    return dict(sorted(total.items()))


def _print_bars(held: Sequence[tuple[Bar, Figure]]) -> None:
    for bar, figure in held:
        wanted = f"{bar.measure} of {bar.classifier} {'≥' if bar.at_least else '≤'} {bar.value:.4g}"
        whose = ", the best of the others" if bar.of_others else ""
        print(f"{'holds' if bar.holds(figure) else 'FAILS'}  {bar.population}: {wanted}{whose}: {figure.value:.4f}")


if __name__ == "__main__":
    sys.exit(main())
