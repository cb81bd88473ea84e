from datetime import UTC, datetime

import pytest
from litestar.exceptions import ClientException

from clicktrail.model.verdict import Verdict
from clicktrail.server.console.dependencies import parse_click_search
from clicktrail.server.ports import ClickSearch


def test_a_campaign_alone_asks_for_all_that_is_counted() -> None:
    assert ClickSearch(campaign="spring") == parse_click_search(campaign="spring")


def test_verdicts_are_asked_for_in_one_order() -> None:
    search = parse_click_search(campaign="spring", verdicts=[Verdict.BOT, Verdict.HUMAN, Verdict.BOT])
    assert (Verdict.HUMAN, Verdict.BOT) == search.verdicts


def test_a_search_goes_on_behind_a_place() -> None:
    search = parse_click_search(campaign="spring", before="2026-11-23T09:00:00.000Z,c7")
    assert (datetime(2026, 11, 23, 9, tzinfo=UTC), "c7") == search.before


@pytest.mark.parametrize(
    "before", ["yesterday", "2026-11-23T09:00:00.000Z", "2026-11-23T09:00:00,c7", "0001-01-01T00:00:00+14:00,c7"]
)
def test_what_is_no_place_is_the_askers_mistake(before: str) -> None:
    with pytest.raises(ClientException, match="before"):
        parse_click_search(campaign="spring", before=before)
