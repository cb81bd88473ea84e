"""What every Analytics does, whatever holds its tables."""

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

from clicktrail.judge.address_activity import AddressClick
from clicktrail.model.event import AnonymousClick, AnyEvent, Engagement, Opened, encode_event
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
    CachedReport,
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
    encode_lines,
    make_judged_click,
    make_judged_message,
    sent,
)
from tests.support.memory_analytics import MemoryAnalytics

AWKWARD = ("", "a/b", "it's", "tab\there\n", "C:\\new", "\\N", "ü€😀", "%2F?&#", "{campaign:String}", "\x00", "'; --")


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
    """Store messages and all their events."""
    await analytics.store(encode_lines(*messages), messages)


async def test_nothing_stored_is_nothing_reported(analytics: Analytics) -> None:
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
    assert expected == await analytics.campaign("spring")
    assert [dataclasses.replace(expected, links=(), reasons=(), sources=())] == await analytics.campaigns()


async def test_links_of_a_group_are_counted_as_one(analytics: Analytics) -> None:
    clicks = [
        replace(click("m1", str(number)), link=link, url=f"https://example.com/{path}", group=group)
        for number, (link, path, group) in enumerate([(2, "b", "tiles"), (1, "c", "tiles"), (1, "c", ""), (0, "a", "")])
    ]
    await store(analytics, make_judged_message(sent("m1"), clicks=tuple(map(make_judged_click, clicks))))
    report = await analytics.campaign("spring")
    assert report is not None
    assert [(0, "a", "", 1), (1, "b", "tiles", 2), (1, "c", "", 1)] == [
        (link.position, link.url[-1], link.group, link.clicks.total) for link in report.links
    ]
    assert [1, 1, 1] == [link.unique.raw for link in report.links]


async def test_anonymous_clicks_are_clicks_of_nobody(analytics: Analytics) -> None:
    anonymous = AnonymousClick(
        id="a1", at=SENT_AT, campaign="spring", link=0, url="https://example.com/", verdict=Verdict.HUMAN
    )
    message = make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1"), Verdict.BOT),))
    for _ in range(2):
        await analytics.store(encode_lines(message), [message], [anonymous])
    report = await analytics.campaign("spring")
    assert report is not None
    assert (ClickCounts(human=1, bot=1), UniqueClickers(raw=1)) == (report.clicks, report.unique)
    assert [(ClickCounts(human=1, bot=1), UniqueClickers(raw=1))] == [
        (link.clicks, link.unique) for link in report.links
    ]


async def test_one_person_is_one_clicker_over_several_messages(analytics: Analytics) -> None:
    named = [
        make_judged_message(sent(name), clicks=(make_judged_click(click(name, "1", recipient="ann@example.com")),))
        for name in ("m1", "m2")
    ]
    unnamed = [make_judged_message(sent(name), clicks=(make_judged_click(click(name, "1")),)) for name in ("m3", "m4")]
    await store(analytics, *named, *unnamed)
    (report,) = await analytics.campaigns()
    assert UniqueClickers(raw=3, human=3) == report.unique


async def test_latest_sent_comes_first(analytics: Analytics) -> None:
    await store(
        analytics,
        make_judged_message(sent("m1", campaign="b")),
        make_judged_message(delivered("m2", campaign="z")),
        make_judged_message(delivered("m3", campaign="y")),
        make_judged_message(sent("m4", campaign="a")),
    )
    assert ["a", "b", "y", "z"] == [report.campaign for report in await analytics.campaigns()]


async def test_later_verdict_replaces_the_earlier(analytics: Analytics) -> None:
    of = click("m1", "1")
    await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(of, Verdict.BOT, BURST),)))
    await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(of),)))
    report = await analytics.campaign("spring")
    assert report is not None
    assert (ClickCounts(human=1), ()) == (report.clicks, report.reasons)


async def test_reports_wanted_at_once_are_the_same_where_little_is_to_be_counted(analytics: Analytics) -> None:
    for number in range(2):
        await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", str(number))),)))
        recent = [*await analytics.cached_campaigns(), await analytics.cached_campaign("spring")]
        current = [*await analytics.campaigns(), await analytics.campaign("spring")]
        assert [CachedReport(report=report, as_of=None) for report in current if report] == recent
    assert None is await analytics.cached_campaign("autumn")


async def test_reports_that_were_read_know_what_is_stored_later(analytics: Analytics) -> None:
    of = make_judged_click(click("m1", "1", recipient="ann@example.com"))
    message = make_judged_message(sent("m1"), clicks=(of,))
    await store(analytics, message)

    async def told() -> list[tuple[str, int, int, int]]:
        reports = await analytics.campaigns()
        whole = [await analytics.campaign(report.campaign) for report in reports]
        assert reports == [dataclasses.replace(report, links=(), reasons=(), sources=()) for report in whole if report]
        assert all(report.clicks.total == sum(link.clicks.total for link in report.links) for report in whole if report)
        return [(report.campaign, report.clicks.total, report.unique.raw, report.bounced) for report in reports]

    assert [("spring", 1, 1, 0)] == await told()
    await analytics.store([], [], [AnonymousClick(id="a", at=SENT_AT, campaign="spring", link=0, verdict="bot")])
    assert [("spring", 2, 1, 0)] == await told()
    await store(analytics, make_judged_message(sent("m2"), bounced("m2")))
    assert [("spring", 2, 1, 1)] == await told()
    await store(
        analytics, make_judged_message(sent("m3", campaign="autumn"), clicks=(make_judged_click(click("m3", "1")),))
    )
    assert [("autumn", 1, 1, 0), ("spring", 2, 1, 1)] == await told()
    await analytics.erase("ann@example.com")
    assert [("autumn", 1, 1, 0), ("spring", 1, 0, 1)] == await told()


async def test_storing_the_same_again_changes_nothing(analytics: Analytics) -> None:
    messages = (
        make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "1")),)),
        make_judged_message(sent("m2")),
    )
    await store(analytics, *messages)
    once = (await analytics.campaign("spring"), await analytics.timelines(["m1"]))
    await store(analytics, *messages)
    assert once == (await analytics.campaign("spring"), await analytics.timelines(["m1"]))


async def test_message_moves_with_its_clicks_when_its_campaign_becomes_known(analytics: Analytics) -> None:
    of = make_judged_click(click("m1", "1", campaign=""))
    await store(analytics, make_judged_message(clicks=(of,)))
    await store(analytics, make_judged_message(sent("m1"), clicks=(of,)))
    assert [("spring", 1)] == [(report.campaign, report.clicks.total) for report in await analytics.campaigns()]


async def test_timelines_are_what_was_stored(analytics: Analytics) -> None:
    message = make_judged_message(sent("m1"), delivered("m1"), clicks=(make_judged_click(click("m1", "1")),))
    await store(analytics, message, make_judged_message(sent("m2")))
    expected = {"m1": message.timeline, "m9": Timeline.from_events("m9", ())}
    assert expected == await analytics.timelines(["m1", "m9"])


async def test_the_last_visit_is_the_latest_and_at_first_there_is_none(analytics: Analytics) -> None:
    assert await analytics.last_click_at() is None
    damaged = replace(click("", "1", after_s=7_000.25), tampered=True)
    await analytics.store([encode_event(damaged)], [])
    await store(analytics, make_judged_message(sent("m1"), clicks=(make_judged_click(click("m1", "1")),)))
    assert damaged.at == await analytics.last_click_at()


async def test_events_of_no_message_are_kept_out_of_campaigns(analytics: Analytics) -> None:
    await analytics.store([encode_event(click("", "1"))], [])
    assert await analytics.campaigns() == []
    assert 1 == len((await analytics.timelines([""]))[""].events)


async def test_visits_are_the_requests_of_an_address_in_a_window(analytics: Analytics) -> None:
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
        await analytics.store([encode_event(of) for of in clicks], [])
    begin, end = SENT_AT + timedelta(seconds=60), SENT_AT + timedelta(seconds=90)
    ours = ("192.0.2.7", begin, end)
    visits = await analytics.address_clicks(
        [ours, ("2001:db8::1", begin, end), ours, ("192.0.2.8", end, end), ("it's", begin, end)]
    )
    expected = [AddressClick.from_click(of) for of in (clicks[1], clicks[2], clicks[6], clicks[7], clicks[3])]
    assert expected == visits
    assert [] == await analytics.address_clicks([])


async def test_nobody_visits_once_erased_or_shortened(analytics: Analytics) -> None:
    clicks = [
        click("m1", "1", recipient="ann@example.com", after_s=0),
        click("m2", "1", recipient="bob@example.com", after_s=0),
        click("m3", "1", recipient="cid@example.com", after_s=3_600),
    ]
    window = ("192.0.2.7", SENT_AT, SENT_AT + timedelta(hours=1))
    await analytics.store([encode_event(of) for of in clicks], [])
    await analytics.erase("Ann@example.com")
    assert ["m2", "m3"] == [visit.message_id for visit in await analytics.address_clicks([window])]
    await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(minutes=1))
    assert ["m3"] == [visit.message_id for visit in await analytics.address_clicks([window])]


async def test_verdicts_are_what_was_stored_in_as_many_parts_as_asked_for(analytics: Analytics) -> None:
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
    found = [
        verdict
        for part in range(3)
        for verdict in await analytics.verdicts("spring", since=since, part=part, part_count=3)
    ]
    expected = [
        StoredVerdict.from_judged(of, name)
        for name, message in zip(("m1", "m2"), messages, strict=False)
        for of in message.clicks
    ]
    assert expected == sorted(found, key=lambda verdict: verdict.click_id)
    assert 6 == len(await analytics.verdicts("spring", since=None, part=0, part_count=1))


async def test_clicks_of_a_recipient_are_found_in_every_campaign(analytics: Analytics) -> None:
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
            message_id=of.click.message_id,
            at=of.click.at,
            link=0,
            url="https://example.com/",
            verdict=of.verdict,
            counted=of.counted,
        )
        for campaign, of in (("spring", early), ("autumn", late))
    ]
    assert expected == await analytics.recipient_clicks("ann@example.com")
    assert [] == await analytics.recipient_clicks("cid@example.com")


async def test_an_erased_recipient_is_in_no_event_and_no_number(analytics: Analytics) -> None:
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
    assert (ClickCounts(human=1), UniqueClickers(raw=1, human=1)) == (report.clicks, report.unique)
    timelines = await analytics.timelines(["m1", "m2"])
    assert [0, 2] == [len(timelines[name].events) for name in ("m1", "m2")]
    assert [0, 1] == [len(await analytics.recipient_clicks(name)) for name in (ann, bob)]


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.0/24", "192.0.2.0/24"),
    ],
)
async def test_of_old_addresses_the_network_is_kept(analytics: Analytics, address: str, kept: str) -> None:
    old = replace(click("m1", "1"), ip=address, user_agent='"ip":"198.51.100.9"')
    new = replace(old, id="m1-2", at=SENT_AT + timedelta(days=1))
    await store(analytics, make_judged_message(clicks=(make_judged_click(old), make_judged_click(new))))
    for _ in range(2):
        await analytics.shorten_ip_addresses(before=SENT_AT + timedelta(hours=1))
    assert (replace(old, ip=kept), new) == (await analytics.timelines(["m1"]))["m1"].events


def changed(name: str, *verdicts: Verdict, before: Verdict | None, campaign: str = "spring") -> JudgedMessage:
    """A message to ann whose clicks have these verdicts now; before they had all another, or none."""
    clicks = tuple(
        make_judged_click(click(name, str(number), campaign=campaign, recipient="Ann@example.com"), kind, BURST)
        for number, kind in enumerate(verdicts)
    )
    message = make_judged_message(sent(name, campaign=campaign, recipient="Ann@example.com"), clicks=clicks)
    return dataclasses.replace(message, previous_verdicts={of.click.id: before for of in clicks} if before else {})


async def history(
    analytics: Analytics, campaign: str = "spring", *, clicks: tuple[str, ...] = (), limit: int = 9
) -> list[tuple[str, Verdict, Verdict]]:
    """What changed, the latest first."""
    changes = await analytics.history(campaign, click_ids=clicks, limit=limit)
    assert sorted(changes, key=lambda change: change.at, reverse=True) == changes
    return [(change.click_id, change.before, change.after) for change in changes]


async def test_history_is_of_verdicts_that_changed(analytics: Analytics) -> None:
    human, bot, preview = Verdict.HUMAN, Verdict.BOT, Verdict.PREVIEW
    began = SystemClock().now()
    await store(analytics, changed("m1", human, human, before=None), changed("m2", human, before=None, campaign=""))
    assert [] == await history(analytics)
    await store(analytics, changed("m1", bot, before=human), changed("m2", preview, before=human, campaign=""))
    await store(analytics, changed("m1", human, before=bot))
    await store(analytics, changed("m1", bot, before=human))
    back, forth = ("m1-0", bot, human), ("m1-0", human, bot)
    assert [forth, back, forth] == await history(analytics)
    assert [forth, back] == await history(analytics, limit=2)
    assert [] == await history(analytics, clicks=("m1-1",))
    assert [("m2-0", human, preview)] == await history(analytics, "", clicks=("it's", "m2-0"))
    assert [] == await history(analytics, "autumn")
    change, *_ = await analytics.history("spring", limit=1)
    assert ("m1", 5, ("burst",), "1") == (change.message_id, change.score, change.signals, change.rules)
    assert began <= change.at <= SystemClock().now() + timedelta(seconds=1)


async def test_a_change_that_is_stored_twice_is_one(analytics: Analytics) -> None:
    human, bot = Verdict.HUMAN, Verdict.BOT
    await store(analytics, changed("m1", human, before=None))
    for _ in range(3):
        await store(analytics, changed("m1", bot, before=human))
    assert [("m1-0", human, bot)] == await history(analytics)


async def test_an_erased_recipient_has_no_history(analytics: Analytics) -> None:
    bob = make_judged_click(click("m2", "1", recipient="bob@example.com"), Verdict.BOT)
    told = dataclasses.replace(make_judged_message(sent("m2"), clicks=(bob,)), previous_verdicts={})
    await store(analytics, changed("m1", Verdict.HUMAN, before=None), told)
    told = dataclasses.replace(
        told, clicks=(dataclasses.replace(bob, verdict=Verdict.HUMAN),), previous_verdicts={"m2-1": Verdict.BOT}
    )
    await store(analytics, changed("m1", Verdict.BOT, before=Verdict.HUMAN), told)
    await analytics.erase("ann@example.com")
    assert [("m2-1", Verdict.BOT, Verdict.HUMAN)] == await history(analytics)


@pytest.mark.parametrize("name", AWKWARD)
async def test_the_verdicts_that_stand_are_known(analytics: Analytics, name: str) -> None:
    old = replace(click(name, "old", campaign=name), at=datetime(1969, 12, 31, 23, 30, tzinfo=UTC))
    now, other = click(name, "now", campaign=name), click("m2", "1", campaign=name)
    await store(
        analytics,
        make_judged_message(sent(name, campaign=name), clicks=(make_judged_click(old), make_judged_click(now))),
        make_judged_message(other),
    )
    await store(analytics, make_judged_message(clicks=(make_judged_click(now, Verdict.BOT),)))
    asked = Timeline.from_events(name, [sent(name, campaign=name), old, now, click(name, "never", campaign=name)])
    assert {old.id: Verdict.HUMAN, now.id: Verdict.BOT} == await analytics.current_verdicts([asked])
    assert {} == await analytics.current_verdicts([Timeline.from_events("m3", ())])


async def test_clicks_are_listed_by_pages_the_latest_first(analytics: Analytics) -> None:
    old = replace(click("m1", "old"), at=datetime(1969, 12, 31, 23, 30, tzinfo=UTC))
    clicks = [old, *(click("m1", f"{name}{at}", after_s=at) for at in (0, 0.001, 3_599, 9e6) for name in AWKWARD)]
    await store(analytics, make_judged_message(sent("m1"), clicks=tuple(map(make_judged_click, reversed(clicks)))))
    await store(analytics, make_judged_message(clicks=(make_judged_click(click("m2", "1", campaign="autumn")),)))
    search, found = ClickSearch(campaign="spring"), list[str]()
    for _ in range(len(clicks) // 5):
        page = await analytics.clicks(search, limit=5)
        assert 5 == len(page.clicks)
        found += [of.click.id for of in page.clicks]
        search = dataclasses.replace(search, before=page.next_cursor)
    assert [of.id for of in sorted(clicks, key=lambda of: (of.at, of.id), reverse=True)] == found
    assert search.before is None


async def test_clicks_are_looked_for_by_verdict_and_signal(analytics: Analytics) -> None:
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

    async def found(search: ClickSearch) -> list[str]:
        page = await analytics.clicks(search, limit=9)
        assert page.next_cursor is None
        return [of.click.id[-1] for of in page.clicks]

    unlike = (Verdict.SUSPECTED, Verdict.BOT, Verdict.PREVIEW)
    every = ClickSearch(campaign="spring")
    assert ["5", "3", "2", "1"] == await found(every)
    assert ["5", "3"] == await found(dataclasses.replace(every, verdicts=(Verdict.HUMAN,)))
    assert ["2", "1"] == await found(dataclasses.replace(every, verdicts=unlike))
    assert ["3", "2", "1"] == await found(dataclasses.replace(every, signal=HOSTING.signal))
    assert ["2", "1"] == await found(dataclasses.replace(every, signal=HOSTING.signal, verdicts=unlike))
    assert ["4"] == await found(dataclasses.replace(every, counted=False))
    assert [] == await found(dataclasses.replace(every, signal="it's"))


async def test_a_click_is_listed_as_far_as_it_is_kept(analytics: Analytics) -> None:
    told = replace(
        click("m1", "1", campaign="", recipient="ann@example.com"), headers={"accept": "*/*"}, esp="postmark"
    )
    anonymous = AnonymousClick(
        id="a1", at=SENT_AT, campaign="spring", link=2, url="https://example.com/", group="tiles", verdict=Verdict.BOT
    )
    message = make_judged_message(sent("m1"), clicks=(make_judged_click(told, Verdict.BOT, BURST, HOSTING, rules="2"),))
    await analytics.store(encode_lines(message), [message], [anonymous])
    kept, bare = (await analytics.clicks(ClickSearch(campaign="spring"), limit=9)).clicks
    expected = replace(told, campaign="spring", source="postmark", esp="", ip="", headers={})
    assert make_judged_click(expected, Verdict.BOT, BURST, HOSTING, rules="2") == kept
    assert ("", "", "", "", SENT_AT, 2, "tiles", Verdict.BOT) == (
        bare.click.message_id,
        bare.click.recipient,
        bare.click.source,
        bare.click.method,
        bare.click.at,
        bare.click.link,
        bare.click.group,
        bare.verdict,
    )


async def test_clickers_are_recipients_of_human_clicks(analytics: Analytics) -> None:
    people = [("m1", "bob"), ("m2", "Ann"), ("m3", "cid"), ("m4", ""), ("m5", "dan")]
    clicks = {name: click(name, "1", recipient=who) for name, who in people}
    again = replace(clicks["m1"], id="again", at=SENT_AT + timedelta(hours=1))
    await store(
        analytics,
        make_judged_message(sent("m1"), clicks=(make_judged_click(clicks["m1"]), make_judged_click(again))),
        make_judged_message(
            sent("m2", campaign="autumn"), clicks=(make_judged_click(replace(clicks["m2"], campaign="autumn")),)
        ),
        make_judged_message(sent("m3"), clicks=(make_judged_click(clicks["m3"], Verdict.BOT),)),
        make_judged_message(sent("m4"), clicks=(make_judged_click(clicks["m4"]),)),
        make_judged_message(sent("m5"), clicks=(make_judged_click(clicks["m5"], counted=False),)),
    )
    ann = Clicker(recipient="Ann", clicks=1, last_at=clicks["m2"].at)
    bob = Clicker(recipient="bob", clicks=2, last_at=again.at)

    async def clickers(
        *, since: datetime = SENT_AT, campaign: str | None = None, after: str = "", limit: int = 9
    ) -> list[Clicker]:
        return list(await analytics.clickers(since=since, campaign=campaign, after=after, limit=limit))

    assert [ann, bob] == await clickers()
    assert [bob] == await clickers(campaign="spring")
    assert [] == await clickers(campaign="")
    assert [ann] == await clickers(limit=1)
    assert [bob] == await clickers(after="Ann", limit=1)
    assert [dataclasses.replace(bob, clicks=1)] == await clickers(since=again.at)


async def test_verdicts_are_held_against_labels(analytics: Analytics) -> None:
    verdicts = (Verdict.HUMAN, Verdict.BOT, Verdict.SUSPECTED)
    clicks = tuple(make_judged_click(click("m1", str(number)), kind) for number, kind in enumerate(verdicts))
    await analytics.store_labels({"m1-0": Verdict.HUMAN, "m1-1": Verdict.HUMAN, "nobody's": Verdict.BOT})
    await store(analytics, make_judged_message(sent("m1"), clicks=clicks))
    await analytics.store_labels({"m1-1": Verdict.BOT, "m1-2": Verdict.HUMAN})
    human = Verdict.HUMAN
    met = {(human, human): 1, (Verdict.BOT, Verdict.BOT): 1, (human, Verdict.SUSPECTED): 1}
    assert ConfusionMatrix(counts=met, unmatched_labels=1) == await analytics.confusion_matrix()


@pytest.mark.parametrize("name", AWKWARD)
async def test_any_text_is_a_campaign_and_a_message_id(analytics: Analytics, name: str) -> None:
    message = make_judged_message(
        sent(name, campaign=name), clicks=(make_judged_click(replace(click(name, "1", campaign=name), url=name)),)
    )
    await store(analytics, message)
    report = await analytics.campaign(name)
    assert report is not None
    assert (name, name) == (report.campaign, report.links[0].url)
    assert {name: message.timeline} == await analytics.timelines([name])


@st.composite
def judged_clicks(draw: st.DrawFn, name: str, campaign: str) -> tuple[JudgedClick, ...]:
    """Clicks of a message with any verdicts, over several hours."""
    facts = st.tuples(
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
            draw(st.lists(facts, max_size=4))
        )
    )


@st.composite
def tellings(draw: st.DrawFn) -> tuple[JudgedMessage, JudgedMessage]:
    """A message as it was known at first, and as it is known in the end."""
    name = draw(st.sampled_from([f"m{number}" for number in range(6)]))
    campaign = draw(st.sampled_from(["", "spring"]))
    whole: tuple[AnyEvent, ...] = (
        sent(name, campaign=campaign),
        delivered(name, campaign=campaign),
        bounced(name, campaign=campaign),
        Opened(id=f"{name}-opened", at=SENT_AT, campaign=campaign, message_id=name),
        Engagement(id=f"{name}-landed", at=SENT_AT, campaign=campaign, message_id=name, click_id="c"),
    )
    told = draw(st.lists(st.sampled_from(whole), min_size=1))
    clicks = draw(judged_clicks(name, campaign))
    early = draw(st.sampled_from(told))
    return make_judged_message(early, clicks=clicks[:1]), make_judged_message(*told, clicks=clicks)


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
    both=st.lists(tellings(), max_size=6, unique_by=lambda both: both[0].timeline.message_id),
    anonymous=st.lists(anonymous_clicks, max_size=4, unique_by=lambda click: click.id),
)
def test_sql_counts_as_plain_python_does(
    both: list[tuple[JudgedMessage, JudgedMessage]], anonymous: list[AnonymousClick]
) -> None:
    final = [late for _, late in both]
    judged_messages = [(message.timeline, message.clicks) for message in final]

    async def count(
        folder: str,
    ) -> tuple[list[CampaignReport], list[CampaignReport | None], dict[ClickFilter, Mapping[str, FilteredCounts]]]:
        analytics = await ChdbAnalytics.open(Path(folder), SystemClock())
        try:
            await store(analytics, *(early for early, _ in both))
            await analytics.store(encode_lines(*final), final, anonymous)
            overview = list(await analytics.campaigns())
            whole = [await analytics.campaign(report.campaign) for report in overview]
            names = [report.campaign for report in overview]
            return overview, whole, {by: await analytics.filtered_counts(names, click_filter=by) for by in ClickFilter}
        finally:
            await analytics.close()

    expected = build_reports(judged_messages, anonymous)
    with tempfile.TemporaryDirectory() as folder:
        overview, reports, left = asyncio.run(count(folder))
    assert expected == reports
    assert {by: apply_filter(judged_messages, anonymous, click_filter=by) for by in ClickFilter} == left
    assert [dataclasses.replace(report, links=(), reasons=(), sources=()) for report in expected] == overview
