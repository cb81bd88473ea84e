"""Check what a source recorded before it is believed.

Times may have no seconds, clocks may disagree, and addresses and agents may be missing or a proxy's. Signals that
depend on such data are silent for the source, and every finding is a note.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median
from typing import Final

import msgspec

from clicktrail.audit.times import Resolution
from clicktrail.judge import Context, judge
from clicktrail.judge.evidence import AddressClick, is_public_ip
from clicktrail.judge.networks import NetworkClass, Networks
from clicktrail.judge.rules import Rule
from clicktrail.model.event import AnyEvent, Click
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import SourceReport
from clicktrail.report.recipient_domains import has_evidence

_MIN_CLICKS: Final = 20
"""Clicks from which something is concluded about a source."""
_MIN_ALIKE_RECIPIENTS: Final = 10
_MIN_ALIKE_DOMAINS: Final = 3
"""Readers at several companies do not share one address or one agent."""
_PROXY_SHARE: Final = 0.9
"""Some readers use a content delivery network as relay, but not nine in ten."""
_MAX_FACTS: Final = 100
"""Different values that are remembered of a source."""

_MAX_CLOCK_ERROR: Final = timedelta(minutes=10)
_MIN_EARLY_SHARE: Final = 0.2
"""Share of clicked messages with a click before their delivery, above which clocks disagree."""
_WINDOWS_PER_RESOLUTION: Final = 2
"""A time may be rounded up, and the one before down."""
_RESOLUTION_PHRASES: Final = {
    Resolution.MINUTE: "have no seconds",
    Resolution.HOUR: "have no minutes",
    Resolution.DAY: "are days",
}


@dataclass(slots=True)
class _SourceFacts:
    clicks: int = 0
    clicks_with_ip: int = 0
    clicks_with_user_agent: int = 0
    proxied_clicks: int = 0
    clicks_on_the_minute: int = 0
    clicks_on_the_hour: int = 0
    clicks_at_midnight: int = 0
    user_agents: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    recipients: set[str] = field(default_factory=set)

    def add(self, click: Click, *, is_proxied: bool) -> None:
        self.clicks += 1
        self.clicks_with_ip += bool(click.ip)
        self.clicks_with_user_agent += bool(click.user_agent)
        self.proxied_clicks += is_proxied
        _add_if_few(self.user_agents, click.user_agent)
        _add_if_few(self.addresses, click.ip)
        _add_if_few(self.recipients, click.recipient)
        at = click.at
        if not (at.second or at.microsecond):
            self.clicks_on_the_minute += 1
            self.clicks_on_the_hour += not at.minute
            self.clicks_at_midnight += not (at.minute or at.hour)

    @property
    def has_many_readers(self) -> bool:
        domains = {recipient.rpartition("@")[2] for recipient in self.recipients}
        return (
            self.clicks >= _MIN_CLICKS
            and len(self.recipients) >= _MIN_ALIKE_RECIPIENTS
            and len(domains) >= _MIN_ALIKE_DOMAINS
        )

    @property
    def resolution(self) -> Resolution:
        if self.clicks < _MIN_CLICKS or self.clicks_on_the_minute < self.clicks:
            return Resolution.SECOND
        if self.clicks_at_midnight == self.clicks:
            return Resolution.DAY
        return Resolution.HOUR if self.clicks_on_the_hour == self.clicks else Resolution.MINUTE


def _is_private(ip: str) -> bool:
    return "/" not in ip and not is_public_ip(ip)  # a shortened address is not public either


def _add_if_few(values: set[str], value: str) -> None:
    if len(values) < _MAX_FACTS:
        values.add(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimits:
    """What cannot be believed of a source's clicks.

    Attributes:
        click_resolution: what the times of its clicks distinguish.
        event_resolution: the same for deliveries.
        has_disagreeing_clocks: clicks come before their delivery.
        has_agents: its ``User-Agent`` headers are those of readers.
        has_addresses: its IP addresses are those of readers.
    """

    click_resolution: Resolution = Resolution.SECOND
    event_resolution: Resolution = Resolution.SECOND
    has_disagreeing_clocks: bool = False
    has_agents: bool = True
    has_addresses: bool = True

    def allows(self, rule: Rule) -> bool:
        """Whether a signal can be used."""
        if rule.verdict is None and rule.points < 0:
            return True  # evidence of a person
        windows = {name: value for name, value in rule.thresholds.items() if name.endswith("_s")}
        is_since_delivery = any(name.endswith("delay_s") for name in windows)
        resolution = max(self.click_resolution, self.event_resolution) if is_since_delivery else self.click_resolution
        if windows and resolution > 1 and min(windows.values()) < _WINDOWS_PER_RESOLUTION * resolution:
            return False
        if is_since_delivery and self.has_disagreeing_clocks:
            return False
        return self.has_agents or rule.name != "no-user-agent"


class PlausibilityCheck:
    """Collects facts about the sources of clicks, and turns them into limits and notes."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._facts: defaultdict[str, _SourceFacts] = defaultdict(_SourceFacts)
        self._limits: dict[str, SourceLimits] = {}
        self.notes: list[str] = []

    def add(self, event: AnyEvent) -> None:
        """Take note of an event, before anything is judged."""
        if isinstance(event, Click):
            self._facts[_source_of(event)].add(event, is_proxied=self._is_proxied(event.ip))

    def _is_proxied(self, ip: str) -> bool:
        if not ip:
            return False
        network = self._networks.find(ip)
        return _is_private(ip) if network is None else network.network_class is NetworkClass.CDN_RELAY

    def conclude(
        self,
        click_resolutions: Mapping[str, Resolution],
        event_resolutions: Mapping[str, Resolution],
        sample: Iterable[Iterable[AnyEvent]],
    ) -> None:
        """Derive limits and notes.

        click_resolutions, event_resolutions: by source, what is known of the times as they were written.
        sample: the events of some messages.
        """
        lags = _measure_early_clicks(sample)
        coarsest_delivery = max(event_resolutions.values(), default=Resolution.SECOND)
        for source, facts in sorted(self._facts.items()):
            early_lags = [lag for lag in lags.get(source, ()) if lag > _MAX_CLOCK_ERROR]
            resolution = max(click_resolutions.get(source, Resolution.SECOND), facts.resolution)
            is_agent_alike = facts.has_many_readers and len(facts.user_agents) == 1
            is_address_alike = facts.has_many_readers and len(facts.addresses) == 1
            is_proxied = facts.clicks >= _MIN_CLICKS and facts.proxied_clicks > _PROXY_SHARE * facts.clicks
            self._limits[source] = SourceLimits(
                click_resolution=resolution,
                event_resolution=max(event_resolutions.get(source, Resolution.SECOND), coarsest_delivery),
                has_disagreeing_clocks=len(early_lags) > _MIN_EARLY_SHARE * len(lags.get(source, ())),
                has_agents=bool(facts.clicks_with_user_agent) and not is_agent_alike,
                has_addresses=bool(facts.clicks_with_ip) and not (is_address_alike or is_proxied),
            )
            self.notes += _describe_limits(source, facts, self._limits[source], early_lags)

    def get_limits(self, source: str) -> SourceLimits:
        """The limits of a source."""
        return self._limits.get(source, SourceLimits())


def _measure_early_clicks(messages: Iterable[Iterable[AnyEvent]]) -> Mapping[str, list[timedelta]]:
    """By source, how long before its delivery each message was clicked first; negative if later."""
    lags: defaultdict[str, list[timedelta]] = defaultdict(list)
    for events in messages:
        timeline = Timeline.from_events("", events)
        if timeline.clicks and timeline.arrived_at:
            lags[_source_of(timeline.clicks[0])].append(timeline.arrived_at - timeline.clicks[0].at)
    return lags


def _describe_limits(
    source: str, facts: _SourceFacts, limits: SourceLimits, early_lags: list[timedelta]
) -> Iterator[str]:
    if phrase := _RESOLUTION_PHRASES.get(limits.click_resolution):
        yield f"times of clicks from {source} {phrase}, so signals about shorter times were not used"
    elif phrase := _RESOLUTION_PHRASES.get(limits.event_resolution):
        yield f"times of deliveries {phrase}, so signals about the time since delivery were not used for {source}"
    if limits.has_disagreeing_clocks:
        hours = median(lag.total_seconds() for lag in early_lags) / 3_600
        yield (
            f"clicks from {source} come before their delivery, by {hours:.1f} h: clocks or zones disagree, so signals"
            " about the time since delivery were not used; --zone names the zone of times without one"
        )
    report = SourceReport(
        source=source,
        clicks=facts.clicks,
        clicks_with_ip=facts.clicks_with_ip,
        clicks_with_user_agent=facts.clicks_with_user_agent,
    )
    yield from report.gaps
    if facts.clicks_with_ip and not limits.has_addresses:
        whose = "a proxy's or CDN's" if facts.proxied_clicks > _PROXY_SHARE * facts.clicks else "all the same"
        yield f"IP addresses of clicks from {source} are {whose}, so signals about networks were not used"
    if facts.clicks_with_user_agent and not limits.has_agents:
        yield f"clicks from {source} all have the same User-Agent, so signals about programs were not used"


def _source_of(click: Click) -> str:
    return click.esp or click.source


class PlausibleJudge:
    """Judges every message with the signals that its sources allow."""

    def __init__(self, context: Context, check: PlausibilityCheck) -> None:
        self._context = context
        self._check = check
        self._contexts: dict[frozenset[SourceLimits], Context] = {}

    def __call__(self, timeline: Timeline, *, address_clicks: Iterable[AddressClick] = ()) -> tuple[JudgedClick, ...]:
        """Judge every click of a timeline."""
        limits = frozenset(self._check.get_limits(_source_of(click)) for click in timeline.clicks)
        context = self._contexts.get(limits)
        if context is None:
            context = self._contexts[limits] = _restrict(self._context, limits)
        if all(limit.has_agents and limit.has_addresses for limit in limits):
            return judge(timeline, context=context, address_clicks=address_clicks)
        return judge(self._blank(timeline), context=context, address_clicks=address_clicks)

    def _blank(self, timeline: Timeline) -> Timeline:
        return replace(timeline, events=tuple(map(self._blank_event, timeline.events)))

    def _blank_event(self, event: AnyEvent) -> AnyEvent:
        if not isinstance(event, Click):
            return event
        limits = self._check.get_limits(_source_of(event))
        return msgspec.structs.replace(
            event,
            ip=event.ip if limits.has_addresses else "",
            user_agent=event.user_agent if limits.has_agents else "",
        )


def _restrict(context: Context, limits: Iterable[SourceLimits]) -> Context:
    limits = tuple(limits)
    rules = tuple(rule for rule in context.rules.rules if all(limit.allows(rule) for limit in limits))
    return replace(context, rules=msgspec.structs.replace(context.rules, rules=rules))


@dataclass(slots=True)
class CampaignFacts:
    """What is known of the messages of each campaign with clicks.

    Attributes:
        clicked: messages with clicks, by campaign.
        clicked_and_delivered: those of them with a delivery or sending.
        with_evidence: campaigns with a click whose reader left an address, an agent, headers or engagement.
    """

    clicked: Counter[str] = field(default_factory=Counter)
    clicked_and_delivered: Counter[str] = field(default_factory=Counter)
    with_evidence: set[str] = field(default_factory=set)

    def add(self, timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        """Add a judged message."""
        if not timeline.clicks:
            return
        campaign = timeline.campaign
        self.clicked[campaign] += 1
        self.clicked_and_delivered[campaign] += timeline.arrived_at is not None
        if campaign not in self.with_evidence and has_evidence(timeline, clicks):
            self.with_evidence.add(campaign)
