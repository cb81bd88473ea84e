import asyncio
from pathlib import Path

import pytest

from clicktrail.errors import KeyRingError
from clicktrail.server import keystore, snapshot
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.processing import (
    build_judge,
    build_processor,
    build_reader,
    catch_up,
    open_analytics,
)
from tests.recorded import SENT, click, journal


async def stored(settings: Settings) -> int:
    """How many events of the message are in analytics once the journal was processed."""
    async with open_analytics(settings) as analytics:
        await catch_up(build_processor(settings, build_reader(settings), analytics, build_judge(settings)))
        return len((await analytics.timelines(["m1"]))["m1"].events)


def erase(settings: Settings, recipient: str) -> None:
    """Mark a recipient as erased, as the edge's disk has it."""
    ring = keystore.load(settings.data / keystore.NAME)
    snapshot.extend(settings.data / snapshot.NAME, erased=[Marked(ring).mark(recipient)])


@pytest.mark.parametrize(("erased", "left"), [("anna@example.net", 0), ("bert@example.net", 2)])
def test_nothing_of_the_erased_is_processed(tmp_path: Path, erased: str, left: int) -> None:
    """From the first batch on, whoever asks for it: what still lies in the journal is passed over."""
    settings = Settings(data_dir=str(tmp_path))
    keystore.load_or_create(settings.data / keystore.NAME, traces=[])
    journal(settings, SENT, click(0))
    erase(settings, erased)
    assert left == asyncio.run(stored(settings))


def test_without_the_key_ring_nobody_knows_who_was_erased(tmp_path: Path) -> None:
    """So nothing is processed."""
    settings = Settings(data_dir=str(tmp_path))
    keystore.load_or_create(settings.data / keystore.NAME, traces=[])
    journal(settings, SENT)
    erase(settings, "anna@example.net")
    (settings.data / keystore.NAME).unlink()
    with pytest.raises(KeyRingError):
        asyncio.run(stored(settings))
