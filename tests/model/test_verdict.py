import pytest
from msgspec.structs import replace

from clicktrail.model.verdict import is_counted, is_prefetch
from tests.support.events import click


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"sec-purpose": "prefetch;anonymous-client-ip"},
        {"purpose": "prefetch"},
        {"x-moz": "prefetch"},
        {"x-purpose": "preview"},
        {"purpose": "preview"},
    ],
)
def test_prefetch(headers: dict[str, str]) -> None:
    early = replace(click(), headers=headers)
    assert (True, False) == (is_prefetch(early), is_counted(early))


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-mode": "navigate"}, {"referer": "https://prefetch.example/"}])
def test_no_prefetch(headers: dict[str, str]) -> None:
    asked = replace(click(), headers=headers)
    assert (False, True) == (is_prefetch(asked), is_counted(asked))


@pytest.mark.parametrize("changes", [{"method": "HEAD"}, {"method": "OPTIONS"}, {"tampered": True}])
def test_not_counted(changes: dict[str, str | bool]) -> None:
    assert not is_counted(replace(click(), **changes))
