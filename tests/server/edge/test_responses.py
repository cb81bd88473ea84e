"""The bytes of responses."""

from datetime import UTC, datetime

import pytest

from clicktrail.server.edge.http_reader import Refusal
from clicktrail.server.edge.responses import Responses


def test_redirect_is_not_cached() -> None:
    responses = Responses()
    responses.set_date(datetime(2026, 11, 23, 8, 30, 59, 999_000, tzinfo=UTC))
    expected = (
        b"HTTP/1.1 302 Found\r\n"
        b"Cache-Control: private, no-store\r\n"
        b"Referrer-Policy: strict-origin-when-cross-origin\r\n"
        b"X-Robots-Tag: noindex\r\n"
        b"Content-Length: 0\r\n"
        b"Location: https://shop.example/?a=b\r\n"
        b"Date: Mon, 23 Nov 2026 08:30:59 GMT\r\n"
        b"\r\n"
    )
    redirect = responses.redirect("https://shop.example/?a=b")
    assert expected == responses.encode(redirect, with_body=True, close=False)


def test_referrer_policy_is_configurable() -> None:
    responses = Responses(referrer_policy="no-referrer")
    assert b"\r\nReferrer-Policy: no-referrer\r\n" in responses.redirect("https://a.example/").head


def test_content_length_is_sent_without_a_body_too() -> None:
    responses = Responses()
    page = responses.refusals[Refusal.BAD_REQUEST]
    whole = responses.encode(page, with_body=True, close=True)
    head = responses.encode(page, with_body=False, close=True)
    assert whole == head + page.body
    assert head.endswith(b"Connection: close\r\n\r\n")
    assert f"Content-Length: {len(page.body)}\r\n".encode() in head


def test_redirect_takes_more_headers() -> None:
    assert Responses().redirect("https://a.example/", b"X-A: b\r\n").head.endswith(b"https://a.example/\r\nX-A: b\r\n")


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_a_response(refusal: Refusal) -> None:
    assert Responses().refusals[refusal].head.startswith(b"HTTP/1.1 4")


def test_health_is_json() -> None:
    health = Responses().health(status="degraded", failed=3, buffered=2, dropped=1)
    assert b'{"status":"degraded","failed":3,"buffered":2,"dropped":1}\n' == health.body
    assert b"Content-Type: application/json\r\n" in health.head
