"""Damage the journal under load.

In each round every link of a campaign is requested once, and at a random moment a segment with clicks of the round is
damaged: bits are flipped, or a block is zeroed, overwritten, copied, removed or cut off. In half of the rounds the
workers are killed before, and restarted afterwards; in half of them no engine runs at that moment. Every answered click
must be in the report exactly once, except those with a byte in the damaged range, which may be missing.
"""

import asyncio
import os
import secrets
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.torture.clicks import (
    Moments,
    TortureResult,
    compare_counts,
    compare_final_counts,
    follow_links,
    seal_paths,
    wait_for_clicks,
)
from bench.torture.crash_targets import CrashTargets, running_targets
from bench.torture.recorded_clicks import RecordedClick, find_clicks, find_damaged_destinations, list_all_segments

_WORKER_COUNT: Final = 2
_BLOCK_BYTES: Final = 4096
_MAX_FLIPPED_BITS: Final = 8
_LENGTH_OFFSET: Final = 8
"""Of the length in a frame."""
_LENGTHS: Final = (0, 1, 2**16, 2**31, 2**32 - 1)

Damage = Callable[[Path, list[RecordedClick]], list[tuple[int, int]]]
"""Damages a segment and returns the damaged ranges."""


def _flip_bits(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    ranges = []
    for _ in range(1 + secrets.randbelow(_MAX_FLIPPED_BITS)):
        offset = secrets.randbelow(clicks[-1].end)
        byte = path.read_bytes()[offset]
        _overwrite(path, offset, bytes([byte ^ 1 << secrets.randbelow(8)]))
        ranges.append((offset, offset + 1))
    return ranges


def _flip_bit_in_header(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    offset = secrets.randbelow(clicks[0].start)
    _overwrite(path, offset, bytes([path.read_bytes()[offset] ^ 1 << secrets.randbelow(8)]))
    return []


def _zero_block(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    start, end = _pick_block(clicks)
    _overwrite(path, start, bytes(end - start))
    return [(start, end)]


def _overwrite_block(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    start, end = _pick_block(clicks)
    _overwrite(path, start, secrets.token_bytes(end - start))
    return [(start, end)]


def _copy_block(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    (start, end), (source, _) = _pick_block(clicks), _pick_block(clicks)
    _overwrite(path, start, path.read_bytes()[source : source + end - start])
    return [(start, end)]


def _damage_length(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    click = secrets.choice(clicks)
    _overwrite(path, click.start + _LENGTH_OFFSET, struct.pack("<I", secrets.choice(_LENGTHS)))
    return [(click.start, click.end)]


def _remove_block(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    start, end = _pick_block(clicks)
    data = path.read_bytes()
    path.write_bytes(data[:start] + data[end:])
    return [(start, end)]


def _cut_off_end(path: Path, clicks: list[RecordedClick]) -> list[tuple[int, int]]:
    start = secrets.randbelow(clicks[-1].end)
    os.truncate(path, start)
    return [(start, clicks[-1].end)]


_DAMAGES: Final[dict[str, Damage]] = {
    "flipped bits": _flip_bits,
    "flipped a bit of the header": _flip_bit_in_header,
    "zeroed a block": _zero_block,
    "overwrote a block": _overwrite_block,
    "copied a block": _copy_block,
    "changed a length": _damage_length,
    "removed a block": _remove_block,
    "cut off the end": _cut_off_end,
}
_ONLY_OF_STOPPED_WORKERS: Final = {"removed a block", "cut off the end"}
"""A disk does not shorten files that are written."""


async def torture(folder: Path, *, rounds: int, clicks: int, durability: str) -> TortureResult:
    """Implement `bench.torture.scenarios.Scenario`."""
    expected: dict[str, set[str]] = {}
    async with running_targets(folder, workers=_WORKER_COUNT, durability=durability) as targets:
        for number in range(1, rounds + 1):
            campaign = f"round-{number}"
            kind = list(_DAMAGES)[number % len(_DAMAGES)]
            answered, damaged = await _click_and_damage(targets, campaign, clicks, kind)
            expected[campaign] = answered - damaged
            counted = await wait_for_clicks(targets, campaign, expected[campaign])
            result = compare_counts(clicks, expected[campaign], counted)
            print(f"round {number}: {kind} with {len(damaged)} clicks; {result}", flush=True)
        return await compare_final_counts(targets, expected, clicks=clicks)


async def _click_and_damage(targets: CrashTargets, campaign: str, clicks: int, kind: str) -> tuple[set[str], set[str]]:
    """Follow every link and damage the journal meanwhile; return the answered and the damaged destinations."""
    *workers, engine = targets.process_names
    moments = Moments(clicks, 1)
    is_engine_stopped = bool(secrets.randbelow(2))
    are_workers_stopped = kind in _ONLY_OF_STOPPED_WORKERS or bool(secrets.randbelow(2))

    async def damage() -> set[str]:
        await moments.wait(0)
        if are_workers_stopped:
            await targets.kill_and_wait(workers)
        damaged = _damage_journal(targets.journal, campaign, _DAMAGES[kind])
        if are_workers_stopped:
            await targets.start(workers)
        return damaged

    if is_engine_stopped:
        await targets.kill_and_wait([engine])
    async with asyncio.TaskGroup() as tasks:
        damaging = tasks.create_task(damage())
        following = tasks.create_task(
            follow_links(targets, seal_paths(targets.ring, campaign, clicks), on_request=moments.count_request)
        )
    if is_engine_stopped:
        await targets.start([engine])
    return following.result(), damaging.result()


def _damage_journal(journal: Path, campaign: str, damage: Damage) -> set[str]:
    """Damage a segment with clicks of a campaign, and return the destinations of the damaged clicks."""
    found = [(segment.path, find_clicks(segment)) for segment in list_all_segments(journal)]
    candidates = [
        (path, clicks) for path, clicks in found if any(f"/{campaign}/" in click.destination for click in clicks)
    ]
    if not candidates:
        return set()
    path, clicks = secrets.choice(candidates)
    ranges = damage(path, clicks)
    return {destination for start, end in ranges for destination in find_damaged_destinations(clicks, start, end)}


def _pick_block(clicks: list[RecordedClick]) -> tuple[int, int]:
    start = secrets.randbelow(clicks[-1].end) // _BLOCK_BYTES * _BLOCK_BYTES
    return start, min(start + _BLOCK_BYTES, clicks[-1].end)


def _overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        file.write(data)
