"""Judge the clicks on a message that come after its first `MAX_CLICKS_JUDGED_TOGETHER` clicks.

They are judged as `judge` does it with the whole message: of every interval the first clicks together, any other by
itself. Only the intervals with new events are loaded.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from clicktrail.judge import Judge
from clicktrail.judge.evidence import start_of_interval
from clicktrail.judge.scoring import MAX_CLICKS_JUDGED_TOGETHER, group_later_clicks
from clicktrail.model.event import AnyEvent, Click, Engagement
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import Verdict
from clicktrail.server.pipeline.address_history import has_shortened_ip_address
from clicktrail.server.ports import EventStore, JudgedMessage, Worker

_CLICKS_PER_PAGE = 5_000
"""As many clicks as the processor handles in one batch."""

_Event = TypeVar("_Event", Click, Engagement)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterEvents:
    """New events of a message after its first clicks.

    Attributes:
        timeline: the message with its first clicks.
    """

    timeline: Timeline
    clicks: Sequence[Click]
    engagements: Sequence[Engagement] = ()


class LaterClicks:
    """Judges later clicks that are new, and those whose verdicts they can change."""

    def __init__(self, event_store: EventStore, judge: Judge, worker: Worker) -> None:
        self._event_store = event_store
        self._judge = judge
        self._worker = worker

    async def judge_events(self, events: Sequence[LaterEvents]) -> Mapping[str, JudgedMessage]:
        """Judge later clicks of messages, and return those that were judged, by message id."""
        if not events:
            return {}
        message_ids = [message_events.timeline.message_id for message_events in events]
        new_clicks = {click.id: click for message_events in events for click in message_events.clicks}
        new_engagements = [engagement for message_events in events for engagement in message_events.engagements]
        engaged_ids = {engagement.click_id for engagement in new_engagements}
        engaged_clicks = await self._find_clicks(message_ids, engaged_ids - new_clicks.keys())
        intervals = {
            (click.message_id, start_of_interval(click.at)) for click in (*new_clicks.values(), *engaged_clicks)
        }
        # The first interval can contain first clicks of the message.
        stored_clicks = [
            *await self._event_store.interval_clicks(intervals, limit=2 * MAX_CLICKS_JUDGED_TOGETHER),
            *engaged_clicks,
        ]
        stored_engagements = await self._event_store.engagements(
            message_ids, {*new_clicks, *(click.id for click in stored_clicks)}
        )
        stored_by_message = _group_by_message(stored_clicks)
        engagements_by_message = _group_by_message((*stored_engagements, *new_engagements))
        changed_by_message = {
            message_events.timeline.message_id: _ChangedClicks.find(
                message_events, stored_by_message.get(message_events.timeline.message_id, ()), engaged_ids
            )
            for message_events in events
        }
        previous_verdicts = await self._event_store.current_verdicts(
            _with_campaign(message_events.timeline, changed.stored_clicks)
            for message_events in events
            if (changed := changed_by_message[message_events.timeline.message_id]).stored_clicks
        )
        return await self._worker.run(
            lambda: {
                message_events.timeline.message_id: self._judge_groups(
                    message_events.timeline,
                    changed_by_message[message_events.timeline.message_id].groups,
                    engagements_by_message.get(message_events.timeline.message_id, ()),
                    previous_verdicts,
                )
                for message_events in events
            }
        )

    async def judge_all(self, timeline: Timeline) -> AsyncIterator[JudgedMessage]:
        """Judge all stored later clicks of a message again, a few thousand at a time."""
        last = timeline.clicks[-1]
        while clicks := await self._event_store.later_clicks(timeline.message_id, after=last, limit=_CLICKS_PER_PAGE):
            judged = await self.judge_events([LaterEvents(timeline=timeline, clicks=clicks)])
            yield judged[timeline.message_id]
            last = clicks[-1]

    async def _find_clicks(self, message_ids: Sequence[str], click_ids: set[str]) -> Sequence[Click]:
        return await self._event_store.clicks_by_id(message_ids, click_ids) if click_ids else ()

    def _judge_groups(
        self,
        timeline: Timeline,
        groups: Iterable[Sequence[Click]],
        engagements: Iterable[Engagement],
        previous_verdicts: Mapping[str, Verdict],
    ) -> JudgedMessage:
        judged_clicks = tuple(
            judged
            for group in timeline.split(groups, engagements)
            for judged in self._judge(group)
            # A shortened IP address would change the verdict of a click that was judged with the whole one.
            if judged.click.id not in previous_verdicts or not has_shortened_ip_address(judged.click)
        )
        previous = {
            judged.click.id: previous_verdicts[judged.click.id]
            for judged in judged_clicks
            if judged.click.id in previous_verdicts
        }
        return JudgedMessage(timeline=timeline, clicks=judged_clicks, previous_verdicts=previous)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChangedClicks:
    """Groups of later clicks whose verdicts can change, and the stored clicks among them."""

    groups: Sequence[Sequence[Click]]
    stored_clicks: Sequence[Click]

    @classmethod
    def find(cls, events: LaterEvents, stored_clicks: Iterable[Click], engaged_ids: set[str]) -> "_ChangedClicks":
        first_click_ids = {click.id for click in events.timeline.clicks}
        stored = {click.id: click for click in stored_clicks if click.id not in first_click_ids}
        changed_ids = {*(click.id for click in events.clicks), *engaged_ids}
        # A new click can take the place of the last click of its interval's group, which is then judged by itself.
        groups_before = {group[0].id: group for group in _group(stored.values())}
        groups = [
            group
            for group in _group((stored | {click.id: click for click in events.clicks}).values())
            if any(click.id in changed_ids for click in group) or groups_before.get(group[0].id) != group
        ]
        return cls(
            groups=groups,
            stored_clicks=[click for group in groups for click in group if click.id in stored],
        )


def _group(clicks: Iterable[Click]) -> Iterator[Sequence[Click]]:
    return group_later_clicks(sorted(clicks, key=attrgetter("at", "id")))


def _group_by_message(events: Iterable[_Event]) -> dict[str, list[_Event]]:
    groups: dict[str, list[_Event]] = {}
    for event in {event.id: event for event in events}.values():
        groups.setdefault(event.message_id, []).append(event)
    return groups


def _with_campaign(timeline: Timeline, events: Sequence[AnyEvent]) -> Timeline:
    """A timeline of events that has the campaign of another one."""
    campaign_event = timeline.sent or next((event for event in timeline.events if event.campaign), None)
    return Timeline.from_events(timeline.message_id, (*events, *((campaign_event,) if campaign_event else ())))
