"""What every Analytics does, whatever holds its tables."""

import asyncio
import dataclasses
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from clicktrail.judge.visits import Visit
from clicktrail.model.event import AnonymousClick, AnyEvent, encode
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import CampaignReport, Clicks, LinkReport, ReasonCount, Unique, summarise
from clicktrail.server.analytics.chdb_store import ChdbAnalytics
from clicktrail.server.ports import Analytics, JudgedMessage, StoredVerdict
from clicktrail.server.system import SystemClock
from tests.judged import BURST, ENGAGED, HOSTING, SENT_AT, bounced, click, delivered, judged, lines, sent, verdict
from tests.server.memory_analytics import MemoryAnalytics

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
    await analytics.store(lines(*messages), messages)


async def test_nothing_stored_is_nothing_reported(analytics: Analytics) -> None:
    """An empty store has no campaigns, not one of zeros."""
    assert await analytics.campaigns() == []
    assert await analytics.campaign("spring") is None


async def test_campaign_counts_clicks_clickers_links_and_reasons(analytics: Analytics) -> None:
    """Every number of a campaign's report, reckoned by hand."""
    await store(
        analytics,
        judged(
            sent("m1", recipient="ann@example.com"),
            delivered("m1"),
            clicks=(
                verdict(click("m1", "1", recipient="ann@example.com"), Verdict.BOT, BURST, HOSTING),
                verdict(replace(click("m1", "2", recipient="ann@example.com"), link=1, url="https://example.com/b")),
                verdict(click("m1", "3", recipient="ann@example.com"), Verdict.HUMAN, ENGAGED),
                verdict(
                    replace(click("m1", "4", recipient="ann@example.com"), method="HEAD"), Verdict.BOT, counted=False
                ),
            ),
        ),
        judged(sent("m2", recipients=3), delivered("m2"), clicks=(verdict(click("m2", "1"), Verdict.BOT, BURST),)),
        judged(sent("m3"), delivered("m3"), clicks=(verdict(replace(click("m3", "1"), method="HEAD"), counted=False),)),
        judged(sent("m4"), bounced("m4")),
    )
    first = LinkReport(
        position=0, url="https://example.com/", clicks=Clicks(human=1, bot=2), unique=Unique(raw=2, human=1, engaged=1)
    )
    second = LinkReport(position=1, url="https://example.com/b", clicks=Clicks(human=1), unique=Unique(raw=1, human=1))
    expected = CampaignReport(
        campaign="spring",
        first_sent_at=SENT_AT,
        accepted=6,
        bounced=1,
        delivered_events=3,
        clicks=Clicks(human=2, bot=2),
        unique=Unique(raw=2, human=1, engaged=1),
        links=(first, second),
        reasons=(ReasonCount(signal="burst", clicks=2), ReasonCount(signal="hosting-network", clicks=1)),
    )
    assert expected == await analytics.campaign("spring")
    assert [dataclasses.replace(expected, links=(), reasons=())] == await analytics.campaigns()


async def test_links_of_a_group_are_counted_as_one(analytics: Analytics) -> None:
    """Destinations that differ by recipient are one link, and who clicked two of them is one clicker."""
    clicks = [
        replace(click("m1", str(number)), link=link, url=f"https://example.com/{path}", group=group)
        for number, (link, path, group) in enumerate([(2, "b", "tiles"), (1, "c", "tiles"), (1, "c", ""), (0, "a", "")])
    ]
    await store(analytics, judged(sent("m1"), clicks=tuple(map(verdict, clicks))))
    report = await analytics.campaign("spring")
    assert report is not None
    assert [(0, "a", "", 1), (1, "b", "tiles", 2), (1, "c", "", 1)] == [
        (link.position, link.url[-1], link.group, link.clicks.total) for link in report.links
    ]
    assert [1, 1, 1] == [link.unique.raw for link in report.links]


async def test_anonymous_clicks_are_clicks_of_nobody(analytics: Analytics) -> None:
    """They count with their verdict under campaign and link, as often as they are told, and make no clicker."""
    anonymous = AnonymousClick(
        id="a1", at=SENT_AT, campaign="spring", link=0, url="https://example.com/", verdict=Verdict.HUMAN
    )
    message = judged(sent("m1"), clicks=(verdict(click("m1", "1"), Verdict.BOT),))
    for _ in range(2):
        await analytics.store(lines(message), [message], [anonymous])
    report = await analytics.campaign("spring")
    assert report is not None
    assert (Clicks(human=1, bot=1), Unique(raw=1)) == (report.clicks, report.unique)
    assert [(Clicks(human=1, bot=1), Unique(raw=1))] == [(link.clicks, link.unique) for link in report.links]


async def test_one_person_is_one_clicker_over_several_messages(analytics: Analytics) -> None:
    """A recipient is known by name across messages of a campaign; without one, each message is a person."""
    named = [
        judged(sent(name), clicks=(verdict(click(name, "1", recipient="ann@example.com")),)) for name in ("m1", "m2")
    ]
    unnamed = [judged(sent(name), clicks=(verdict(click(name, "1")),)) for name in ("m3", "m4")]
    await store(analytics, *named, *unnamed)
    (report,) = await analytics.campaigns()
    assert Unique(raw=3, human=3) == report.unique


async def test_latest_sent_comes_first(analytics: Analytics) -> None:
    """Overviews start with the campaign sent last; those whose sending nobody told of end it, by name."""
    await store(
        analytics,
        judged(sent("m1", campaign="b")),
        judged(delivered("m2", campaign="z")),
        judged(delivered("m3", campaign="y")),
        judged(sent("m4", campaign="a")),
    )
    assert ["a", "b", "y", "z"] == [report.campaign for report in await analytics.campaigns()]


async def test_later_verdict_replaces_the_earlier(analytics: Analytics) -> None:
    """Of two verdicts on one click only the later one is counted."""
    of = click("m1", "1")
    await store(analytics, judged(sent("m1"), clicks=(verdict(of, Verdict.BOT, BURST),)))
    await store(analytics, judged(sent("m1"), clicks=(verdict(of),)))
    report = await analytics.campaign("spring")
    assert report is not None
    assert (Clicks(human=1), ()) == (report.clicks, report.reasons)


async def test_verdicts_are_what_was_stored_in_as_many_parts_as_asked_for(analytics: Analytics) -> None:
    """Of a campaign's messages that were clicked since a time all clicks, those before it too, each in one part."""
    messages = [
        judged(
            sent(name, recipient="ann"),
            clicks=(
                verdict(click(name, "1", recipient="ann"), Verdict.BOT, BURST, HOSTING),
                verdict(click(name, "2", after_s=after_s), counted=False),
            ),
        )
        for name, after_s in (("m1", 7_000), ("m2", 7_000), ("m3", 100))
    ]
    await store(analytics, *messages, judged(sent("m4", campaign="autumn"), clicks=(verdict(click("m4", "1")),)))
    since = SENT_AT + timedelta(seconds=7_000)
    found = [
        verdict for part in range(3) for verdict in await analytics.verdicts("spring", since=since, part=part, parts=3)
    ]
    expected = [
        StoredVerdict.of(of, name)
        for name, message in zip(("m1", "m2"), messages, strict=False)
        for of in message.clicks
    ]
    assert expected == sorted(found, key=lambda verdict: verdict.click_id)
    assert 6 == len(await analytics.verdicts("spring", since=None, part=0, parts=1))


async def test_an_erased_recipient_is_in_no_event_and_no_number(analytics: Analytics) -> None:
    """Others stay; the message still counts as one that was sent."""
    ann, bob = "Ann@example.com", "bob@example.com"
    await store(
        analytics,
        judged(sent("m1", recipient=ann), clicks=(verdict(click("m1", "1", recipient=ann)),)),
        judged(sent("m2", recipient=bob), clicks=(verdict(click("m2", "1", recipient=bob)),)),
    )
    for _ in range(2):
        await analytics.erase("ann@example.com")
    report = await analytics.campaign("spring")
    assert report is not None
    assert (Clicks(human=1), Unique(raw=1, human=1)) == (report.clicks, report.unique)
    timelines = await analytics.timelines(["m1", "m2"])
    assert [0, 2] == [len(timelines[name].events) for name in ("m1", "m2")]


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
    """And nothing else of the event changes; what is recent has the address, which the judge may need."""
    old = replace(click("m1", "1"), ip=address, user_agent='"ip":"198.51.100.9"')
    new = replace(old, id="m1-2", at=SENT_AT + timedelta(days=1))
    await store(analytics, judged(clicks=(verdict(old), verdict(new))))
    for _ in range(2):
        await analytics.shorten_addresses(before=SENT_AT + timedelta(hours=1))
    assert (replace(old, ip=kept), new) == (await analytics.timelines(["m1"]))["m1"].events


@pytest.mark.parametrize("name", AWKWARD)
async def test_any_text_is_a_campaign_and_a_message_id(analytics: Analytics, name: str) -> None:
    """Names reach the store and come back as they are, whatever characters they hold."""
    message = judged(sent(name, campaign=name), clicks=(verdict(replace(click(name, "1", campaign=name), url=name)),))
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
    )
    return tuple(
        verdict(
            replace(
                click(name, str(number), campaign=campaign, recipient=recipient, after_s=number * 2_000),
                link=link,
                url=f"https://example.com/{number % 2}",
                group=group,
            ),
            kind,
            *sorted(reasons, key=lambda reason: reason.signal),
            counted=counted,
        )
        for number, (kind, counted, recipient, link, group, reasons) in enumerate(draw(st.lists(facts, max_size=4)))
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
    )
    told = draw(st.lists(st.sampled_from(whole), min_size=1))
    clicks = draw(judged_clicks(name, campaign))
    early = draw(st.sampled_from(told))
    return judged(early, clicks=clicks[:1]), judged(*told, clicks=clicks)


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


@settings(max_examples=20, deadline=None)
@given(
    both=st.lists(tellings(), max_size=6, unique_by=lambda both: both[0].timeline.message_id),
    anonymous=st.lists(anonymous_clicks, max_size=4, unique_by=lambda click: click.id),
)
def test_sql_counts_as_plain_python_does(
    both: list[tuple[JudgedMessage, JudgedMessage]], anonymous: list[AnonymousClick]
) -> None:
    """The SQL gives the reports of ``report.summarise``, whatever was stored of the messages before."""
    final = [late for _, late in both]

    async def count(folder: str) -> tuple[list[CampaignReport], list[CampaignReport | None]]:
        analytics = await ChdbAnalytics.open(Path(folder), SystemClock())
        try:
            await store(analytics, *(early for early, _ in both))
            await analytics.store(lines(*final), final, anonymous)
            overview = list(await analytics.campaigns())
            return overview, [await analytics.campaign(report.campaign) for report in overview]
        finally:
            await analytics.close()

    expected = summarise(((message.timeline, message.clicks) for message in final), anonymous)
    with tempfile.TemporaryDirectory() as folder:
        overview, reports = asyncio.run(count(folder))
    assert expected == reports
    assert [dataclasses.replace(report, links=(), reasons=()) for report in expected] == overview
