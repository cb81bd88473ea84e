"""The edge proves that it is ours, and tells our TLS proxy which hosts are tracking domains."""

from datetime import datetime, timedelta

import pytest

from clicktrail.model.tracking_domain import ServedDomain, TrackingDomain
from clicktrail.server.edge.responses import Response
from clicktrail.server.edge.routes import Sites
from clicktrail.server.pipeline.request import Request
from clicktrail.tokens import EDGE_PROOF_PATH, NONCE_BYTES, EdgeProof
from tests.support.edge import NOW, RING, build_request, build_routes, running_edge
from tests.support.manual_journal import ManualJournal

HOST = "links.example.com"
PROOF = EdgeProof(RING)
CHALLENGE = PROOF.seal_challenge(HOST, b"n" * NONCE_BYTES)


def request_response(
    request: Request, *hosts: str, verified_at: datetime | None = NOW, gone_since: datetime | None = None
) -> Response:
    routes = build_routes(ManualJournal())
    sites = [TrackingDomain(host=host) for host in hosts]
    routes.sites = Sites(sites)
    routes.served_domains = {
        site.host: ServedDomain(site=site, verified_at=verified_at, gone_since=gone_since) for site in sites
    }
    responses: list[Response] = []
    routes.answer(request, responses.append)
    assert routes.journal.failed_count == 0
    (response,) = responses
    return response


def ask(query: str, *hosts: str, peer: str = "127.0.0.1", forwarded_for: str = "") -> bytes:
    headers = {"host": "127.0.0.1:8080"} | ({"x-forwarded-for": forwarded_for} if forwarded_for else {})
    return request_response(Request(method="GET", path="/ask", query=query, peer=peer, headers=headers), *hosts).status


@pytest.mark.parametrize("host", [HOST, "LINKS.example.com", f"{HOST}:8443", f"{HOST}."])
def test_the_edge_answers_a_challenge_for_its_host(host: str) -> None:
    request = Request(method="GET", path=EDGE_PROOF_PATH + CHALLENGE, peer="192.0.2.1", headers={"host": host})
    response = request_response(request, HOST)
    assert response.status == b"200"
    assert PROOF.is_answer(response.body.decode(), host=HOST, challenge=CHALLENGE)


@pytest.mark.parametrize(
    ("host", "challenge", "status"),
    [
        (HOST, "", b"404"),
        (HOST, "x" * 300, b"404"),
        (HOST, CHALLENGE[:-2], b"404"),
        ("other.example.com", CHALLENGE, b"404"),
        ("unknown.example.com", CHALLENGE, b"421"),
    ],
)
def test_any_other_challenge_is_answered_as_every_unknown_path(host: str, challenge: str, status: bytes) -> None:
    request = Request(method="GET", path=EDGE_PROOF_PATH + challenge, peer="192.0.2.1", headers={"host": host})
    assert request_response(request, HOST, "other.example.com").status == status


def test_a_listed_host_gets_a_certificate() -> None:
    assert ask(f"domain={HOST}", HOST) == b"200"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "domain=",
        "domain=other.example.com",
        "domain=a.links.example.com",
        "domain=example.com",
        "domain=LINKS.example.com",
        "domain=links.example.com.",
        "domain=*.example.com",
        f"domain={HOST}&domain=other.example.com",
        f"host={HOST}",
    ],
)
def test_no_other_name_gets_a_certificate(query: str) -> None:
    assert ask(query, HOST) == b"403"


@pytest.mark.parametrize(
    ("verified_at", "gone_since", "status"),
    [
        (None, None, b"403"),
        (NOW, None, b"200"),
        (NOW - timedelta(days=30), NOW - timedelta(days=6), b"200"),
        (NOW - timedelta(days=30), NOW - timedelta(days=8), b"403"),
    ],
    ids=["never verified", "verified", "gone for days", "gone for a week"],
)
def test_a_name_that_was_verified_and_is_not_gone_gets_a_certificate(
    verified_at: datetime | None, gone_since: datetime | None, status: bytes
) -> None:
    request = Request(method="GET", path="/ask", query=f"domain={HOST}", peer="127.0.0.1", headers={})
    assert request_response(request, HOST, verified_at=verified_at, gone_since=gone_since).status == status


def test_without_domains_no_name_gets_a_certificate() -> None:
    assert ask(f"domain={HOST}") == b"403"


@pytest.mark.parametrize(("peer", "forwarded_for"), [("192.0.2.1", ""), ("127.0.0.1", "192.0.2.1")])
def test_strangers_cannot_ask(peer: str, forwarded_for: str) -> None:
    assert ask(f"domain={HOST}", HOST, peer=peer, forwarded_for=forwarded_for) == b"421"


async def test_the_query_of_a_question_is_read_from_the_connection() -> None:
    async with running_edge(ManualJournal()) as edge:
        edge.routes.served_domains = {HOST: ServedDomain(site=TrackingDomain(host=HOST), verified_at=NOW)}
        permitted = await edge.exchange(build_request(f"/ask?domain={HOST}", close=True))
        refused = await edge.exchange(build_request("/ask?domain=x.example", close=True))
    assert (permitted[9:12], refused[9:12]) == (b"200", b"403")
