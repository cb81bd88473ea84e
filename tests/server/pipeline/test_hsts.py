import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.pipeline.hsts import covers_subdomains


@pytest.mark.parametrize(
    ("header", "covers"),
    [
        ("max-age=31536000; includeSubDomains; preload", True),
        ('INCLUDESUBDOMAINS;Max-Age="1"', True),
        ("max-age=31536000;;includeSubDomains ;", True),
        ("max-age=31536000", False),
        ("max-age=0; includeSubDomains", False),
        ("max-age=00; includeSubDomains", False),
        ("max-age=-1; includeSubDomains", False),
        ("max-age=²; includeSubDomains", False),
        ("max-age=; includeSubDomains", False),
        ("includeSubDomains", False),
        ("", False),
        ("max-age=" + "9" * 10_000 + "; includeSubDomains", True),
    ],
)
def test_policy_covers_subdomains(header: str, covers: bool) -> None:
    assert covers_subdomains(header) is covers


@given(st.text())
def test_any_header_is_read(header: str) -> None:
    covers_subdomains(header)
