import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import httpx2

from clicktrail.model.consent import Consent, Said
from clicktrail.model.edit import EditAction, LinkEdit, Target
from clicktrail.server import keystore, snapshot
from clicktrail.server.pipeline.marks import Marked
from clicktrail.server.wiring.following import Following
from clicktrail.tokens import KeyRing, Sealed, seal
from tests.edges import NOW, routes_for
from tests.journals import HeldJournal
from tests.workers import worker

DISABLED = LinkEdit(id="a", at=NOW, target=Target(host="shop.example"), action=EditAction.DISABLE)
RESTORED = LinkEdit(id="b", at=NOW + timedelta(days=1), target=DISABLED.target, action=EditAction.RESTORE)
ANN = "ann@example.org"


def test_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    """A disabled link stays so, and a key opens, when their files are damaged or gone."""
    keys, overrides, routes = tmp_path / keystore.NAME, tmp_path / snapshot.NAME, routes_for(HeldJournal())
    rings: list[KeyRing] = []
    following = Following(tmp_path, keystore.load_or_create(keys, traces=[]), unlock=rings.append)
    following.show(routes)
    none = routes.overrides
    snapshot.extend(overrides, edits=[DISABLED])
    following.show(routes)
    shown = routes.overrides
    assert shown is not none
    for path in (keys, overrides):
        path.write_text("{")
        following.show(routes)
        path.unlink()
        following.show(routes)
    assert routes.overrides is shown
    assert 1 == len(rings)


def test_a_changed_ring_is_gone_by(tmp_path: Path) -> None:
    """Once for each change; recipients are marked by its oldest key, which none takes out."""
    path, routes, rings = tmp_path / keystore.NAME, routes_for(HeldJournal()), list[KeyRing]()
    mark = Marked(keystore.load_or_create(path, traces=[])).mark(ANN)
    snapshot.extend(tmp_path / snapshot.NAME, consents=[Said(recipient=mark, consent=Consent.DENIED, at=NOW)])
    following = Following(tmp_path, keystore.load(path), unlock=rings.append)
    for change in (lambda: None, lambda: keystore.rotate(path), lambda: keystore.revoke(path, 0)):
        change()
        following.show(routes)
        following.show(routes)
        assert ANN in routes.denied
    assert [[0], [1, 0], [1, 0]] == [[key.number for key in ring.keys] for ring in rings]


async def test_a_running_edge_goes_by_what_is_changed(tmp_path: Path) -> None:
    """By what there was at its start, and by what there is a second later; there is no registry."""
    data = tmp_path / "clicktrail-data"
    ring = keystore.load_or_create(data / keystore.NAME, traces=[])
    sealed = Sealed(
        destination="https://shop.example/",
        message_id="m1",
        recipient=ANN,
        campaign="spring",
        position=0,
        links=1,
        sent_at=NOW,
    )
    snapshot.extend(data / snapshot.NAME, edits=[DISABLED])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/{seal(ring, sealed)}"
        async with worker("edge", tmp_path, [listening]), httpx2.AsyncClient() as client:
            assert (await client.get(url)).status_code == httpx2.codes.GONE
            snapshot.extend(data / snapshot.NAME, edits=[RESTORED])
            async with asyncio.timeout(10):
                while (await client.get(url)).status_code != httpx2.codes.FOUND:
                    pass
