"""What is recorded of headers."""

from clicktrail.server.pipeline.headers import MAX_HEADER, kept_headers


def test_what_the_judge_does_not_read_is_not_recorded() -> None:
    """Cookies, credentials, and what nobody thought of."""
    headers = {"cookie": "a=b", "authorization": "Basic", "x": "y", "sec-fetch-mode": "navigate"}

    assert {"sec-fetch-mode": "navigate"} == kept_headers(headers)


def test_what_is_recorded_is_bounded() -> None:
    """Nobody fills the disk with one request."""
    assert {"referer": "r" * MAX_HEADER} == kept_headers({"referer": "r" * 9_000})
