from datetime import UTC, datetime

import pytest
from litestar.exceptions import ClientException

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.dependencies import parse_click_search
from clicktrail.server.ports import ClickSearch


def test_campaign_alone_finds_all_counted_clicks() -> None:
    assert parse_click_search(campaign="spring") == ClickSearch(campaign="spring")


def test_verdicts_are_sorted_and_unique() -> None:
    search = parse_click_search(campaign="spring", verdicts=[Verdict.BOT, Verdict.HUMAN, Verdict.BOT])
    assert search.verdicts == (Verdict.HUMAN, Verdict.BOT)


def test_before_is_a_cursor() -> None:
    search = parse_click_search(campaign="spring", before="2026-11-23T09:00:00.000Z,c7")
    assert (datetime(2026, 11, 23, 9, tzinfo=UTC), "c7") == search.before


@pytest.mark.parametrize(
    "before", ["yesterday", "2026-11-23T09:00:00.000Z", "2026-11-23T09:00:00,c7", "0001-01-01T00:00:00+14:00,c7"]
)
def test_before_that_is_no_cursor_is_a_client_error(before: str) -> None:
    with pytest.raises(ClientException, match="before"):
        parse_click_search(campaign="spring", before=before)
