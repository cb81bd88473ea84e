"""Behaviour of every implementation of the port Analytics."""

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.evidence import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent, Engagement, Opened
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import (
    CampaignReport,
    ClickCounts,
    ClickFilter,
    FilteredCounts,
    LinkReport,
    ReasonCount,
    SourceReport,
    UniqueClickers,
    apply_filter,
    build_reports,
)
from clicktrail.report.accuracy import ConfusionMatrix
from clicktrail.server.analytics.store import ChdbAnalytics
from clicktrail.server.ports import (
    Analytics,
    Clicker,
    ClickSearch,
    JudgedMessage,
    RecipientClick,
    StoredVerdict,
)
from clicktrail.server.system import SystemClock
from tests.support.judged_lines import (
    BURST,
    ENGAGED,
    HOSTING,
    SENT_AT,
    bounced,
    click,
    delivered,
    make_judged_click,
    make_judged_message,
    record,
    record_events,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics

UNUSUAL_NAMES = (
    "",
    "a/b",
    "it's",
    "tab\there\n",
    "C:\\new",
    "\\N",
    "ü€😀",
    "%2F?&#",
    "{campaign:String}",
    "\x00",
    "'; --",
)


@pytest.fixture(params=["chdb", "memory"])
async def analytics(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Analytics]:
    """Each implementation, empty."""
    if request.param == "memory":
        yield MemoryAnalytics()
        return
    chdb = await ChdbAnalytics.open(tmp_path / "analytics", SystemClock())
    yield chdb
    await chdb.close()


async def store(analytics: Analytics, *messages: JudgedMessage) -> None:
    """Store messages with all their events."""
    await analytics.store(record_events(*messages), messages)


async def test_empty_store_has_no_reports(analytics: Analytics) -> None:
    assert await analytics.campaigns() == []
    assert await analytics.campaign("spring") is None


async def test_campaign_counts_clicks_clickers_links_and_reasons(analytics: Analytics) -> None:
    await store(
        analytics,
        make_judged_message(
            sent("m1", recipient="ann@example.com"),
            delivered("m1"),
            clicks=(
                make_judged_click(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST, HOSTING),
                make_judged_click(
                    replace(click("m1", "2", recipient="ann@example.com"), link=1, url="https://example.com/b")
                ),
                make_judged_click(click("m1", "3", recipient="ann@example.com"), Verdict.HUMAN, ENGAGED),
                make_judged_click(
                    replace(click("m1", "4", recipient="ann@example.com"), method="HEAD"), Verdict.BOT, counted=False
                ),
            ),
        ),
        make_judged_message(
            sent("m2", recipients=3), delivered("m2"), clicks=(make_judged_click(click("m2", "1"), Verdict.BOT, BURST),)
        ),
        make_judged_message(
            sent("m3"),
            delivered("m3"),
            clicks=(make_judged_click(replace(click("m3", "1"), method="HEAD"), counted=False),),
        ),
        make_judged_message(sent("m4"), bounced("m4")),
    )
    first = LinkReport(
        position=0,
        url="https://example.com/",
        clicks=ClickCounts(human=1, bot=2),
        unique=UniqueClickers(raw=2, human=1, engaged=1),
    )
    second = LinkReport(
        position=1, url="https://example.com/b", clicks=ClickCounts(human=1), unique=UniqueClickers(raw=1, human=1)
    )
    expected = CampaignReport(
        campaign="spring",
        first_sent_at=SENT_AT,
        accepted=6,
        bounced=1,
        reported_deliveries=3,
        clicks=ClickCounts(human=2, bot=2),
        unique=UniqueClickers(raw=2, human=1, engaged=1),
        links=(first, second),
        reasons=(ReasonCount(signal="burst", clicks=2), ReasonCount(signal="hosting-network", clicks=1)),
        sources=(SourceReport(source="clicktrail", clicks=6, clicks_with_ip=6, clicks_with_user_agent=6),),
    )
    assert await analytics.campaign("spring") == expected
    assert [dataclasses.replace(expected, links=(), reasons=(), sources=())] == await analytics.campaigns()


async def test_links_of_a_group_are_counted_as_one(analytics: Analytics) -> None:
    clicks = [
        replace(click("m1", str(number)), link=link, url=f"https://example.com/{path}", group=group)
        for number, (link, path, group) in enumerate([(2, "b", "tiles"), (1, "c", "tiles"), (1, "c", ""), (0, "a", "")])
    ]
    await store(analytics, make_judged_message(sent("m1"), clicks=tuple(map(make_judged_click, clicks))))
    report = await analytics.campaign("spring")
    assert report is not None
    assert [(link.position, link.url[-1], link.group, link.clicks.total) for link in report.links] == [
        (0, "a", "", 1),
        (1, "b", "tiles", 2),
        (1, "c", "", 1),
    ]
    assert [link.unique.raw for link in report.links] == [1, 1, 1]


async def test_anonymous_clicks_have_no_clicker(analytics: Analytics) -> None:
    anonymous = AnonymousClick(
        id="a1", at=SENT_AT, campaign="spring", link=0, url="https://example.com/", verdict=Verdict.HUMAN
    )
    message = make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1"), Verdict.BOT),))
    for _ in range(2):
        await analytics.store(record_events(message), [message], [anonymous])
    report = await analytics.campaign("spring")
    assert report is not None
    assert (report.clicks, report.unique) == (ClickCounts(human=1, bot=1), UniqueClickers(raw=1))
    assert [(link.clicks, link.unique) for link in report.links] == [
        (ClickCounts(human=1, bot=1), UniqueClickers(raw=1))
    ]


async def test_recipient_of_several_messages_is_one_clicker(analytics: Analytics) -> None:
    with_recipient = [
        make_judged_message(sent(name), clicks=(make_judged_click(click(name, "1", recipient="ann@example.com")),))
        for name in ("m1", "m2")
    ]
    without_recipient = [
        make_judged_message(sent(name), clicks=(make_judged_click(click(name, "1")),)) for name in ("m3", "m4")
    ]
    await store(analytics, *with_recipient, *without_recipient)
    (report,) = await analytics.campaigns()
    assert report.unique == UniqueClickers(raw=3, human=3)


async def test_latest_sent_campaign_comes_first(analytics: Analytics) -> None:
    await store(
        analytics,
        make_judged_message(sent("m1", campaign="b")),
        make_judged_message(delivered("m2", campaign="z")),
        make_judged_message(delivered("m3", campaign="y")),
        make_judged_message(sent("m4", campaign="a")),
    )
    assert [report.campaign for report in await analytics.campaigns()] == ["a", "b", "y", "z"]


async def test_later_verdict_replaces_the_earlier(analytics: Analytics) -> None:
    bot = make_judged_click(click("m1", "1"), Verdict.BOT, BURST)
    await store(analytics, make_judged_message(sent("m1"), clicks=(bot,)))
    await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(bot.click),)))
    report = await analytics.campaign("spring")
    assert report is not None
    assert (report.clicks, report.reasons) == (ClickCounts(human=1), ())


async def test_reports_include_what_is_stored_after_they_were_read(analytics: Analytics) -> None:
    judged = make_judged_click(click("m1", "1", recipient="ann@example.com"))
    message = make_judged_message(sent("m1"), clicks=(judged,))
    await store(analytics, message)

    async def fetch_counts() -> list[tuple[str, int, int, int]]:
        reports = await analytics.campaigns()
        detailed = [await analytics.campaign(report.campaign) for report in reports]
        assert [
            dataclasses.replace(report, links=(), reasons=(), sources=()) for report in detailed if report
        ] == reports
        assert all(
            report.clicks.total == sum(link.clicks.total for link in report.links) for report in detailed if report
        )
        return [(report.campaign, report.clicks.total, report.unique.raw, report.bounced) for report in reports]

    assert await fetch_counts() == [("spring", 1, 1, 0)]
    await analytics.store([], [], [AnonymousClick(id="a", at=SENT_AT, campaign="spring", link=0, verdict="bot")])
    assert await fetch_counts() == [("spring", 2, 1, 0)]
    await store(analytics, make_judged_message(sent("m2"), bounced("m2")))
    assert await fetch_counts() == [("spring", 2, 1, 1)]
    await store(
        analytics, make_judged_message(sent("m3", campaign="autumn"), clicks=(make_judged_click(click("m3", "1")),))
    )
    assert await fetch_counts() == [("autumn", 1, 1, 0), ("spring", 2, 1, 1)]
    await analytics.erase("ann@example.com")
    assert await fetch_counts() == [("autumn", 1, 1, 0), ("spring", 1, 0, 1)]


async def test_storing_the_same_again_changes_nothing(analytics: Analytics) -> None:
    messages = (
        make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "1")),)),
        make_judged_message(sent("m2")),
    )
    await store(analytics, *messages)
    first_result = (await analytics.campaign("spring"), await analytics.timelines(["m1"]))
    await store(analytics, *messages)
    assert (await analytics.campaign("spring"), await analytics.timelines(["m1"])) == first_result


async def test_message_and_clicks_move_to_a_campaign_that_becomes_known_later(analytics: Analytics) -> None:
    judged = make_judged_click(click("m1", "1", campaign=""))
    await store(analytics, make_judged_message(clicks=(judged,)))
    await store(analytics, make_judged_message(sent("m1"), clicks=(judged,)))
    assert [(report.campaign, report.clicks.total) for report in await analytics.campaigns()] == [("spring", 1)]


async def test_timelines_hold_the_stored_events(analytics: Analytics) -> None:
    message = make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "1")),))
    await store(analytics, message, make_judged_message(sent("m2")))
    expected = {"m1": message.timeline, "m9": Timeline.from_events("m9", ())}
    assert await analytics.timelines(["m1", "m9"]) == expected


async def test_last_click_at_includes_tampered_tokens(analytics: Analytics) -> None:
    assert await analytics.last_click_at() is None
    tampered_click = replace(click("", "1", after_s=7_000.25), tampered=True)
    await analytics.store(record(tampered_click), [])
    await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")),)))
    assert await analytics.last_click_at() == tampered_click.at


async def test_events_without_a_message_belong_to_no_campaign(analytics: Analytics) -> None:
    await analytics.store(record(click("", "1")), [])
    assert await analytics.campaigns() == []
    assert len((await analytics.timelines([""]))[""].events) == 1


async def test_address_clicks_are_found_by_ip_address_and_time_window(analytics: Analytics) -> None:
    clicks = [
        replace(click(name, "1", recipient=name, after_s=after_s), ip=ip, tampered=not name)
        for name, after_s, ip in [
            ("m1", 59, "192.0.2.7"),
            ("m2", 60, "192.0.2.7"),
            ("m3", 75, "192.0.2.7"),
            ("m4", 90, "192.0.2.7"),
            ("m5", 91, "192.0.2.7"),
            ("m6", 75, "192.0.2.8"),
            ("m7", 75, "2001:db8::1"),
            ("", 76, "192.0.2.7"),
            ("m9", 75, ""),
        ]
    ]
    for _ in range(2):
        await analytics.store(record(*clicks), [])
    since, until = SENT_AT + timedelta(seconds=60), SENT_AT + timedelta(seconds=90)
    window = ("192.0.2.7", since, until)
    address_clicks = await analytics.address_clicks(
        [window, ("2001:db8::1", since, until), window, ("192.0.2.8", until, until), ("it's", since, until)]
    )
    expected = [
        AddressClick.from_click(expected_click)
        for expected_click in (clicks[1], clicks[2], clicks[6], clicks[7], clicks[3])
    ]
    assert address_clicks == expected
    assert await analytics.address_clicks([]) == []


async def test_erased_and_shortened_clicks_are_no_address_clicks(analytics: Analytics) -> None:
    clicks = [
        click("m1", "1", recipient="ann@example.com", after_s=0),
        click("m2", "1", recipient="bob@example.com", after_s=0),
        click("m3", "1", recipient="cid@example.com", after_s=3_600),
    ]
    window = ("192.0.2.7", SENT_AT, SENT_AT + timedelta(hours=1))
    await analytics.store(record(*clicks), [])
    await analytics.erase("Ann@example.com")
    assert [address_click.message_id for address_click in await analytics.address_clicks([window])] == ["m2", "m3"]
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(minutes=1))
    assert [address_click.message_id for address_click in await analytics.address_clicks([window])] == ["m3"]


async def test_verdicts_are_read_in_parts(analytics: Analytics) -> None:
    messages = [
        make_judged_message(
            sent(name, recipient="ann"),
            clicks=(
                make_judged_click(click(name, "1", recipient="ann"), Verdict.BOT, BURST, HOSTING),
                make_judged_click(click(name, "2", after_s=after_s), counted=False),
            ),
        )
        for name, after_s in (("m1", 7_000), ("m2", 7_000), ("m3", 100))
    ]
    await store(
        analytics,
        *messages,
        make_judged_message(sent("m4", campaign="autumn"), clicks=(make_judged_click(click("m4", "1")),)),
    )
    since = SENT_AT + timedelta(seconds=7_000)
    verdicts = [
        verdict
        for part in range(3)
        for verdict in await analytics.verdicts("spring", since=since, part=part, part_count=3)
    ]
    expected = [
        StoredVerdict.from_judged(judged, name)
        for name, message in zip(("m1", "m2"), messages, strict=False)
        for judged in message.clicks
    ]
    assert sorted(verdicts, key=lambda verdict: verdict.click_id) == expected
    assert len(await analytics.verdicts("spring", since=None, part=0, part_count=1)) == 6


async def test_recipient_clicks_are_found_in_every_campaign(analytics: Analytics) -> None:
    early = make_judged_click(click("m1", "1", recipient="Ann@example.com"), Verdict.BOT, counted=False)
    late = make_judged_click(click("m2", "1", campaign="autumn", recipient="ann@example.com", after_s=90))
    other = make_judged_click(click("m3", "1", recipient="bob@example.com"))
    await store(
        analytics,
        make_judged_message(sent("m2", campaign="autumn"), clicks=(make_judged_click(late.click, Verdict.SUSPECTED),)),
    )
    await store(
        analytics, make_judged_message(sent("m1"), clicks=(early,)), make_judged_message(sent("m3"), clicks=(other,))
    )
    await store(analytics, make_judged_message(sent("m2", campaign="autumn"), clicks=(late,)))
    expected = [
        RecipientClick(
            campaign=campaign,
            message_id=judged.click.message_id,
            at=judged.click.at,
            link=0,
            url="https://example.com/",
            verdict=judged.verdict,
            counted=judged.counted,
        )
        for campaign, judged in (("spring", early), ("autumn", late))
    ]
    assert await analytics.recipient_clicks("ann@example.com") == expected
    assert await analytics.recipient_clicks("cid@example.com") == []


async def test_erased_recipient_is_in_no_event_and_no_report(analytics: Analytics) -> None:
    ann, bob = "Ann@example.com", "bob@example.com"
    await store(
        analytics,
        make_judged_message(sent("m1", recipient=ann), clicks=(make_judged_click(click("m1", "1", recipient=ann)),)),
        make_judged_message(sent("m2", recipient=bob), clicks=(make_judged_click(click("m2", "1", recipient=bob)),)),
    )
    for _ in range(2):
        await analytics.erase("ann@example.com")
    report = await analytics.campaign("spring")
    assert report is not None
    assert (report.clicks, report.unique) == (ClickCounts(human=1), UniqueClickers(raw=1, human=1))
    timelines = await analytics.timelines(["m1", "m2"])
    assert [len(timelines[name].events) for name in ("m1", "m2")] == [0, 2]
    assert [len(await analytics.recipient_clicks(name)) for name in (ann, bob)] == [0, 1]


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.0/24", "192.0.2.0/24"),
    ],
)
async def test_old_ip_addresses_are_shortened(analytics: Analytics, ip: str, network: str) -> None:
    old = replace(click("m1", "1"), ip=ip, user_agent='"ip":"198.51.100.9"')
    new = replace(old, id="m1-2", at=SENT_AT + timedelta(days=1))
    await store(analytics, make_judged_message(clicks=(make_judged_click(old), make_judged_click(new))))
    for _ in range(2):
        await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))
    assert (replace(old, ip=network), new) == (await analytics.timelines(["m1"]))["m1"].events


def make_changed_message(
    name: str, *verdicts: Verdict, before: Verdict | None, campaign: str = "spring"
) -> JudgedMessage:
    """A message to Ann with clicks of these verdicts, which all had the verdict ``before``."""
    clicks = tuple(
        make_judged_click(click(name, str(number), campaign=campaign, recipient="Ann@example.com"), kind, BURST)
        for number, kind in enumerate(verdicts)
    )
    message = make_judged_message(sent(name, campaign=campaign, recipient="Ann@example.com"), clicks=clicks)
    return dataclasses.replace(message, previous_verdicts={judged.click.id: before for judged in clicks if before})


async def fetch_history(
    analytics: Analytics, campaign: str = "spring", *, click_ids: tuple[str, ...] = (), limit: int = 9
) -> list[tuple[str, Verdict, Verdict]]:
    changes = await analytics.history(campaign, click_ids=click_ids, limit=limit)
    assert sorted(changes, key=lambda change: change.at, reverse=True) == changes
    return [(change.click_id, change.before, change.after) for change in changes]


async def test_history_lists_changed_verdicts_latest_first(analytics: Analytics) -> None:
    human, bot, preview = Verdict.HUMAN, Verdict.BOT, Verdict.PREVIEW
    started_at = SystemClock().now()
    await store(
        analytics,
        make_changed_message("m1", human, human, before=None),
        make_changed_message("m2", human, before=None, campaign=""),
    )
    assert await fetch_history(analytics) == []
    await store(
        analytics,
        make_changed_message("m1", bot, before=human),
        make_changed_message("m2", preview, before=human, campaign=""),
    )
    await store(analytics, make_changed_message("m1", human, before=bot))
    await store(analytics, make_changed_message("m1", bot, before=human))
    to_human, to_bot = ("m1-0", bot, human), ("m1-0", human, bot)
    assert await fetch_history(analytics) == [to_bot, to_human, to_bot]
    assert await fetch_history(analytics, limit=2) == [to_bot, to_human]
    assert await fetch_history(analytics, click_ids=("m1-1",)) == []
    assert await fetch_history(analytics, "", click_ids=("it's", "m2-0")) == [("m2-0", human, preview)]
    assert await fetch_history(analytics, "autumn") == []
    change, *_ = await analytics.history("spring", limit=1)
    assert (change.message_id, change.score, change.signals, change.rules) == ("m1", 5, ("burst",), "1")
    assert started_at <= change.at <= SystemClock().now() + timedelta(seconds=1)


async def test_change_stored_twice_is_listed_once(analytics: Analytics) -> None:
    human, bot = Verdict.HUMAN, Verdict.BOT
    await store(analytics, make_changed_message("m1", human, before=None))
    for _ in range(3):
        await store(analytics, make_changed_message("m1", bot, before=human))
    assert await fetch_history(analytics) == [("m1-0", human, bot)]


async def test_erased_recipient_has_no_history(analytics: Analytics) -> None:
    bob = make_judged_click(click("m2", "1", recipient="bob@example.com"), Verdict.BOT)
    message = make_judged_message(sent("m2"), clicks=(bob,))
    await store(analytics, make_changed_message("m1", Verdict.HUMAN, before=None), message)
    message = dataclasses.replace(
        message, clicks=(dataclasses.replace(bob, verdict=Verdict.HUMAN),), previous_verdicts={"m2-1": Verdict.BOT}
    )
    await store(analytics, make_changed_message("m1", Verdict.BOT, before=Verdict.HUMAN), message)
    await analytics.erase("ann@example.com")
    assert await fetch_history(analytics) == [("m2-1", Verdict.BOT, Verdict.HUMAN)]


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
async def test_current_verdicts_are_found_by_any_name(analytics: Analytics, name: str) -> None:
    old = replace(click(name, "old", campaign=name), at=datetime(1970, 1, 1, 0, 30, tzinfo=UTC))
    now, other = click(name, "now", campaign=name), click("m2", "1", campaign=name)
    await store(
        analytics,
        make_judged_message(sent(name, campaign=name), clicks=(make_judged_click(old), make_judged_click(now))),
        make_judged_message(other),
    )
    await store(analytics, make_judged_message(clicks=(make_judged_click(now, Verdict.BOT),)))
    timeline = Timeline.from_events(name, [sent(name, campaign=name), old, now, click(name, "never", campaign=name)])
    assert await analytics.current_verdicts([timeline]) == {old.id: Verdict.HUMAN, now.id: Verdict.BOT}
    assert await analytics.current_verdicts([Timeline.from_events("m3", ())]) == {}


async def test_clicks_are_listed_in_pages_latest_first(analytics: Analytics) -> None:
    old = replace(click("m1", "old"), at=datetime(1970, 1, 1, 0, 30, tzinfo=UTC))
    clicks = [old, *(click("m1", f"{name}{at}", after_s=at) for at in (0, 0.001, 3_599, 9e6) for name in UNUSUAL_NAMES)]
    await store(analytics, make_judged_message(sent("m1"), clicks=tuple(map(make_judged_click, reversed(clicks)))))
    await store(analytics, make_judged_message(clicks=(make_judged_click(click("m2", "1", campaign="autumn")),)))
    search, click_ids = ClickSearch(campaign="spring"), list[str]()
    for _ in range(len(clicks) // 5):
        page = await analytics.clicks(search, limit=5)
        assert len(page.clicks) == 5
        click_ids += [judged.click.id for judged in page.clicks]
        search = dataclasses.replace(search, before=page.next_cursor)
    sorted_clicks = sorted(clicks, key=lambda click: (click.at, click.id), reverse=True)
    assert [click.id for click in sorted_clicks] == click_ids
    assert search.before is None


async def test_clicks_are_searched_by_verdict_and_signal(analytics: Analytics) -> None:
    await store(
        analytics,
        make_judged_message(
            sent("m1"),
            clicks=(
                make_judged_click(click("m1", "1"), Verdict.BOT, BURST, HOSTING),
                make_judged_click(click("m1", "2"), Verdict.SUSPECTED, HOSTING),
                make_judged_click(click("m1", "3"), Verdict.HUMAN, HOSTING, ENGAGED),
                make_judged_click(replace(click("m1", "4"), method="HEAD"), Verdict.BOT, counted=False),
                make_judged_click(click("m1", "5"), Verdict.BOT, BURST),
            ),
        ),
    )
    await store(
        analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "5"), Verdict.HUMAN),))
    )

    async def find_clicks(search: ClickSearch) -> list[str]:
        page = await analytics.clicks(search, limit=9)
        assert page.next_cursor is None
        return [judged.click.id[-1] for judged in page.clicks]

    non_human = (Verdict.SUSPECTED, Verdict.BOT, Verdict.PREVIEW)
    all_clicks = ClickSearch(campaign="spring")
    assert await find_clicks(all_clicks) == ["5", "3", "2", "1"]
    assert await find_clicks(dataclasses.replace(all_clicks, verdicts=(Verdict.HUMAN,))) == ["5", "3"]
    assert await find_clicks(dataclasses.replace(all_clicks, verdicts=non_human)) == ["2", "1"]
    assert await find_clicks(dataclasses.replace(all_clicks, signal=HOSTING.signal)) == ["3", "2", "1"]
    assert await find_clicks(dataclasses.replace(all_clicks, signal=HOSTING.signal, verdicts=non_human)) == ["2", "1"]
    assert await find_clicks(dataclasses.replace(all_clicks, counted=False)) == ["4"]
    assert await find_clicks(dataclasses.replace(all_clicks, signal="it's")) == []


async def test_listed_click_has_no_ip_address_and_headers(analytics: Analytics) -> None:
    stored_click = replace(
        click("m1", "1", campaign="", recipient="ann@example.com"), headers={"accept": "*/*"}, esp="postmark"
    )
    anonymous = AnonymousClick(
        id="a1", at=SENT_AT, campaign="spring", link=2, url="https://example.com/", group="tiles", verdict=Verdict.BOT
    )
    message = make_judged_message(
        sent("m1"), clicks=(make_judged_click(stored_click, Verdict.BOT, BURST, HOSTING, rules="2"),)
    )
    await analytics.store(record_events(message), [message], [anonymous])
    listed, listed_anonymous = (await analytics.clicks(ClickSearch(campaign="spring"), limit=9)).clicks
    expected = replace(stored_click, campaign="spring", source="postmark", esp="", ip="", headers={})
    assert make_judged_click(expected, Verdict.BOT, BURST, HOSTING, rules="2") == listed
    assert (
        listed_anonymous.click.message_id,
        listed_anonymous.click.recipient,
        listed_anonymous.click.source,
        listed_anonymous.click.method,
        listed_anonymous.click.at,
        listed_anonymous.click.link,
        listed_anonymous.click.group,
        listed_anonymous.verdict,
    ) == ("", "", "", "", SENT_AT, 2, "tiles", Verdict.BOT)


async def test_clickers_are_recipients_with_human_clicks(analytics: Analytics) -> None:
    recipients = [("m1", "bob"), ("m2", "Ann"), ("m3", "cid"), ("m4", ""), ("m5", "dan")]
    clicks = {name: click(name, "1", recipient=recipient) for name, recipient in recipients}
    second_click = replace(clicks["m1"], id="again", at=SENT_AT + timedelta(hours=1))
    await store(
        analytics,
        make_judged_message(sent("m1"), clicks=(make_judged_click(clicks["m1"]), make_judged_click(second_click))),
        make_judged_message(
            sent("m2", campaign="autumn"), clicks=(make_judged_click(replace(clicks["m2"], campaign="autumn")),)
        ),
        make_judged_message(sent("m3"), clicks=(make_judged_click(clicks["m3"], Verdict.BOT),)),
        make_judged_message(sent("m4"), clicks=(make_judged_click(clicks["m4"]),)),
        make_judged_message(sent("m5"), clicks=(make_judged_click(clicks["m5"], counted=False),)),
    )
    ann = Clicker(recipient="Ann", clicks=1, last_at=clicks["m2"].at)
    bob = Clicker(recipient="bob", clicks=2, last_at=second_click.at)

    async def fetch_clickers(
        *, since: datetime = SENT_AT, campaign: str | None = None, after: str = "", limit: int = 9
    ) -> list[Clicker]:
        return list(await analytics.clickers(since=since, campaign=campaign, after=after, limit=limit))

    assert await fetch_clickers() == [ann, bob]
    assert await fetch_clickers(campaign="spring") == [bob]
    assert await fetch_clickers(campaign="") == []
    assert await fetch_clickers(limit=1) == [ann]
    assert await fetch_clickers(after="Ann", limit=1) == [bob]
    assert [dataclasses.replace(bob, clicks=1)] == await fetch_clickers(since=second_click.at)


async def test_confusion_matrix_compares_verdicts_with_labels(analytics: Analytics) -> None:
    verdicts = (Verdict.HUMAN, Verdict.BOT, Verdict.SUSPECTED)
    clicks = tuple(make_judged_click(click("m1", str(number)), kind) for number, kind in enumerate(verdicts))
    await analytics.store_labels({"m1-0": Verdict.HUMAN, "m1-1": Verdict.HUMAN, "not-stored": Verdict.BOT})
    await store(analytics, make_judged_message(sent("m1"), clicks=clicks))
    await analytics.store_labels({"m1-1": Verdict.BOT, "m1-2": Verdict.HUMAN})
    human = Verdict.HUMAN
    counts = {(human, human): 1, (Verdict.BOT, Verdict.BOT): 1, (human, Verdict.SUSPECTED): 1}
    assert await analytics.confusion_matrix() == ConfusionMatrix(counts=counts, unmatched_labels=1)


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
async def test_campaign_and_message_id_can_be_any_text(analytics: Analytics, name: str) -> None:
    message = make_judged_message(
        sent(name, campaign=name), clicks=(make_judged_click(replace(click(name, "1", campaign=name), url=name)),)
    )
    await store(analytics, message)
    report = await analytics.campaign(name)
    assert report is not None
    assert (name, name) == (report.campaign, report.links[0].url)
    assert await analytics.timelines([name]) == {name: message.timeline}


@st.composite
def draw_judged_clicks(draw: st.DrawFn, name: str, campaign: str) -> tuple[JudgedClick, ...]:
    """Clicks of a message with any verdicts, spread over several hours."""
    fields = st.tuples(
        st.sampled_from(Verdict),
        st.booleans(),
        st.sampled_from(["", "ann@example.com", "bob@example.com"]),
        st.integers(-1, 2),
        st.sampled_from(["", "tiles", "offers"]),
        st.sets(st.sampled_from([BURST, ENGAGED, HOSTING])),
        st.sampled_from(["", "klaviyo"]),
    )
    return tuple(
        make_judged_click(
            replace(
                click(name, str(number), campaign=campaign, recipient=recipient, after_s=number * 2_000),
                link=link,
                url=f"https://example.com/{number % 2}",
                group=group,
                esp=esp,
                ip="" if esp else "192.0.2.7",
            ),
            kind,
            *sorted(reasons, key=lambda reason: reason.signal),
            counted=counted,
        )
        for number, (kind, counted, recipient, link, group, reasons, esp) in enumerate(
            draw(st.lists(fields, max_size=4))
        )
    )


@st.composite
def draw_message_versions(draw: st.DrawFn) -> tuple[JudgedMessage, JudgedMessage]:
    """A message after its first event, and the same message after all events."""
    name = draw(st.sampled_from([f"m{number}" for number in range(6)]))
    campaign = draw(st.sampled_from(["", "spring"]))
    all_events: tuple[AnyEvent, ...] = (
        sent(name, campaign=campaign),
        delivered(name, campaign=campaign),
        bounced(name, campaign=campaign),
        Opened(id=f"{name}-opened", at=SENT_AT, campaign=campaign, message_id=name),
        Engagement(id=f"{name}-engagement", at=SENT_AT, campaign=campaign, message_id=name, click_id="c"),
    )
    events = draw(st.lists(st.sampled_from(all_events), min_size=1))
    clicks = draw(draw_judged_clicks(name, campaign))
    first_event = draw(st.sampled_from(events))
    return make_judged_message(first_event, clicks=clicks[:1]), make_judged_message(*events, clicks=clicks)


anonymous_clicks = st.builds(
    AnonymousClick,
    id=st.uuids().map(str),
    at=st.integers(0, 5).map(lambda hours: SENT_AT + timedelta(hours=hours)),
    campaign=st.sampled_from(["", "spring", "never-sent"]),
    link=st.integers(-1, 2),
    url=st.sampled_from(["", "https://example.com/0"]),
    group=st.sampled_from(["", "tiles"]),
    verdict=st.sampled_from(Verdict).map(str),
)


@settings(max_examples=20)
@given(
    versions=st.lists(draw_message_versions(), max_size=6, unique_by=lambda versions: versions[0].timeline.message_id),
    anonymous=st.lists(anonymous_clicks, max_size=4, unique_by=lambda click: click.id),
)
def test_sql_counts_the_same_as_python(
    versions: list[tuple[JudgedMessage, JudgedMessage]], anonymous: list[AnonymousClick]
) -> None:
    final = [last for _, last in versions]
    judged_messages = [(message.timeline, message.clicks) for message in final]

    async def count(
        folder: str,
    ) -> tuple[list[CampaignReport], list[CampaignReport | None], dict[ClickFilter, Mapping[str, FilteredCounts]]]:
        analytics = await ChdbAnalytics.open(Path(folder), SystemClock())
        try:
            await store(analytics, *(first for first, _ in versions))
            await analytics.store(record_events(*final), final, anonymous)
            overview = list(await analytics.campaigns())
            detailed = [await analytics.campaign(report.campaign) for report in overview]
            names = [report.campaign for report in overview]
            return (
                overview,
                detailed,
                {
                    click_filter: await analytics.filtered_counts(names, click_filter=click_filter)
                    for click_filter in ClickFilter
                },
            )
        finally:
            await analytics.close()

    expected = build_reports(judged_messages, anonymous)
    with tempfile.TemporaryDirectory() as folder:
        overview, reports, filtered_counts = asyncio.run(count(folder))
    assert reports == expected
    assert {
        click_filter: apply_filter(judged_messages, anonymous, click_filter=click_filter)
        for click_filter in ClickFilter
    } == filtered_counts
    assert [dataclasses.replace(report, links=(), reasons=(), sources=()) for report in expected] == overview
