"""How well people are told from scanners, by the judge and by others' rules, in populations whose truth is known.

``./dev accuracy [--seeds 20] [--recipients 2500] [--json]``. The judge sees what ``clicktrail audit`` sees: a log of
events. It exits with 1 where a bar does not hold.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from bench.peers import PEERS, Log
from bench.population.cast import COMMON, UNSEEN, Cast
from bench.population.world import World, simulate
from bench.scores import Figure, Tally, figures, tally
from clicktrail.cli.audit import audit
from clicktrail.judge import Context
from clicktrail.judge.network_table import unpack
from clicktrail.judge.networks import Networks
from clicktrail.model.event import AnyEvent, Engagement, encode
from clicktrail.model.verdict import Verdict

__all__ = ["Bar", "bars", "judged", "measure"]

OURS: Final = "clicktrail"
BLIND: Final = "clicktrail, no beacon"


class _AuditedClick(msgspec.Struct):
    id: str
    verdict: Verdict


class _Audited(msgspec.Struct):
    clicks: list[_AuditedClick]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What must hold.

    Attributes:
        population: the cast's name.
        classifier: who is measured.
        measure: what is measured.
        at_least: whether the figure must not be below the bar, else not above.
        value: the bar.
        of_peers: whether it is the best that a peer's rule has.
    """

    population: str
    classifier: str
    measure: str
    at_least: bool
    value: float
    of_peers: bool = False

    def holds(self, figure: Figure) -> bool:
        """Whether a figure is good enough."""
        return figure.value >= self.value if self.at_least else figure.value <= self.value


BARS: Final = (
    Bar(population="common", classifier=OURS, measure="bot precision", at_least=True, value=0.995),
    Bar(population="common", classifier=OURS, measure="bot recall", at_least=True, value=0.95),
    Bar(population="common", classifier=OURS, measure="human precision", at_least=True, value=0.95),
    Bar(population="common", classifier=OURS, measure="human recall", at_least=True, value=0.985),
    Bar(population="common", classifier=OURS, measure="click-rate error", at_least=False, value=0.05),
    Bar(population="common", classifier=OURS, measure="people suspected", at_least=False, value=0.03),
    Bar(population="unseen", classifier=OURS, measure="bot precision", at_least=True, value=0.99),
    Bar(population="unseen", classifier=OURS, measure="bot recall", at_least=True, value=0.80),
    Bar(population="unseen", classifier=BLIND, measure="bot recall", at_least=True, value=0.70),
)


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


def measure(cast: Cast, *, seed: int, recipients: int, context: Context) -> Mapping[str, Tally]:
    """One world, judged by everybody."""
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


def bars(found: Mapping[str, Mapping[str, Mapping[str, Figure]]]) -> list[tuple[Bar, Figure, bool]]:
    """Every bar with its figure, and whether it holds."""
    wanted = (*BARS, *_ahead(found[COMMON.name]))
    figured = ((bar, found[bar.population][bar.classifier][bar.measure]) for bar in wanted)
    return [(bar, figure, bar.holds(figure)) for bar, figure in figured]


def _ahead(found: Mapping[str, Mapping[str, Figure]]) -> Iterator[Bar]:
    """To be better than the best of the peers, where precision or recall alone could be had for nothing."""
    for name in ("filter F1", "human F1"):
        best = max(found[peer.name][name].value for peer in PEERS)
        yield Bar(population=COMMON.name, classifier=OURS, measure=name, at_least=True, value=best, of_peers=True)
    least = min(found[peer.name]["click-rate error"].value for peer in PEERS)
    yield Bar(
        population=COMMON.name,
        classifier=OURS,
        measure="click-rate error",
        at_least=False,
        value=least,
        of_peers=True,
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--recipients", type=int, default=2_500, help="of each of a world's campaigns")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    context = _shipped_context()
    tallies = {
        cast.name: [
            measure(cast, seed=seed, recipients=asked.recipients, context=context) for seed in range(asked.seeds)
        ]
        for cast in (COMMON, UNSEEN)
    }
    found = {
        name: {classifier: figures([world[classifier] for world in worlds]) for classifier in worlds[0]}
        for name, worlds in tallies.items()
    }
    held = bars(found)
    if asked.json:
        sys.stdout.buffer.write(msgspec.json.encode(_document(found, tallies, held)) + b"\n")
    else:
        for name, by_classifier in found.items():
            _print_figures(name, by_classifier)
            _print_actors(tallies[name])
        _print_bars(held)
    return 0 if all(holds for _, _, holds in held) else 1


def _document(
    found: Mapping[str, Mapping[str, Mapping[str, Figure]]],
    tallies: Mapping[str, Sequence[Mapping[str, Tally]]],
    held: Sequence[tuple[Bar, Figure, bool]],
) -> object:
    return {
        "figures": found,
        "actors": {
            name: {actor: dict(verdicts) for actor, verdicts in _actors(worlds, OURS)}
            for name, worlds in tallies.items()
        },
        "bars": [{**asdict(bar), "figure": figure, "holds": holds} for bar, figure, holds in held],
    }


def _print_figures(name: str, found: Mapping[str, Mapping[str, Figure]]) -> None:
    print(f"{name} actors")
    print(f"{'':22}" + "".join(f"{measure:>24}" for measure in found[OURS]))
    for classifier, by_measure in found.items():
        shown = (f"{each.value:.4f} [{each.low:.3f}, {each.high:.3f}]" for each in by_measure.values())
        print(f"{classifier:22}" + "".join(f"{text:>24}" for text in shown))
    print()


def _print_actors(worlds: Sequence[Mapping[str, Tally]]) -> None:
    """Verdicts of our judge on all requests of each actor; without a beacon behind the slash."""
    blind = dict(_actors(worlds, BLIND))
    print(f"{'requests of':28}{'all':>7}" + "".join(f"{verdict:>16}" for verdict in Verdict))
    for actor, verdicts in _actors(worlds, OURS):
        total = verdicts.total()
        shown = (f"{verdicts[each] / total:.3f} / {blind[actor][each] / total:.3f}" for each in Verdict)
        print(f"{actor:28}{total:>7}" + "".join(f"{text:>16}" for text in shown))
    print()


def _actors(worlds: Sequence[Mapping[str, Tally]], classifier: str) -> list[tuple[str, Counter[Verdict]]]:
    total: dict[str, Counter[Verdict]] = {}
    for world in worlds:
        for actor, verdicts in world[classifier].actors.items():
            total.setdefault(actor, Counter()).update(verdicts)
    return sorted(total.items())


def _print_bars(held: Sequence[tuple[Bar, Figure, bool]]) -> None:
    for bar, figure, holds in held:
        wanted = f"{bar.measure} of {bar.classifier} {'≥' if bar.at_least else '≤'} {bar.value:.4g}"
        whose = ", the best of the others" if bar.of_peers else ""
        print(f"{'holds' if holds else 'FAILS'}  {bar.population}: {wanted}{whose}: {figure.value:.4f}")


def _shipped_context() -> Context:
    data = resources.files("clicktrail.judge") / "data"
    rules, agents = ((data / f"{name}.toml").read_text("utf-8") for name in ("rules", "agents"))
    networks = Networks(unpack((data / "networks.bin").read_bytes()))
    return Context.of(rules_toml=rules, networks=networks, agents_toml=agents)


if __name__ == "__main__":
    sys.exit(main())
