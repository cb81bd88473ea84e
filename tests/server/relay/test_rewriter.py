"""Rewriting processes that are killed while they answer."""

import asyncio
import sys

import pytest

from clicktrail.rewrite import SkipReason
from clicktrail.server.relay.rewriter import Rewriter, RewriterError
from tests.support.waiting import TIMEOUT_S

HALF_AN_ANSWER = """
import os, struct, sys
os.write(1, struct.pack("<I", 0))
sys.stdin.buffer.read(4)
sys.stdout.buffer.write(struct.pack("<I", 20_000_000) + bytes({sent}))
sys.stdout.buffer.flush()
sys.stdin.buffer.read()
"""


@pytest.mark.parametrize("sent", [0, 1, 200_000, 10_000_000])
async def test_process_is_killed_in_the_middle_of_its_answer(sent: int) -> None:
    rewriter = await Rewriter.start([sys.executable, "-c", HALF_AN_ANSWER.format(sent=sent)])

    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(RewriterError) as caught:
            await rewriter.parse(b"", deadline=asyncio.get_running_loop().time() + 1)
        await rewriter.wait()

    assert caught.value.reason is SkipReason.TIME_LIMIT
