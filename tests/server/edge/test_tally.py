import asyncio
from pathlib import Path
from time import perf_counter

from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.tally import Tally
from clicktrail.server.journal.writer import SegmentWriter
from tests.edges import damaged_path, request, running_edge, token_path


def test_answers_are_counted_by_their_status() -> None:
    """As text, the way that the metric shows it, with the time that each took."""
    tally = Tally()
    for response in (Response(head=b"HTTP/1.1 302 Found\r\n"), *[Response(head=b"HTTP/1.1 200 OK\r\n")] * 2):
        tally.count(response, perf_counter() - 2.0)

    assert {"302": 1, "200": 2} == tally.statuses
    assert [3, 0] == tally.seconds.counts[-2:]
    assert 6.0 <= tally.seconds.total < 7.5


async def test_every_answer_of_an_edge_is_counted(tmp_path: Path) -> None:
    """Readers sent on, damaged links, and requests that are none; and each of them was measured."""
    with SegmentWriter(tmp_path / "edge-0", asyncio.get_running_loop()) as journal:
        async with running_edge(journal) as edge:
            for sent in (request(token_path(), close=True), request(damaged_path(), close=True), b"nonsense\r\n\r\n"):
                await edge.ask(sent)
            tally = edge.routes.tally

    assert {"302": 1, "404": 1, "400": 1} == tally.statuses
    assert 3 == sum(tally.seconds.counts)
