"""A campaign: why its report is empty or has no human clicks, and which of its links were edited or have no UTM."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clicktrail.model.consent import UnknownConsentAction
from clicktrail.model.edit import LinkEdit
from clicktrail.model.event import format_rfc3339
from clicktrail.model.hosts import extract_host
from clicktrail.server import overrides_file
from clicktrail.server.api import schemas
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.server.journal.scan import scan_sent_events
from clicktrail.server.pipeline.redirect import select_active_edits
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.config import read_convention, read_policy
from clicktrail.server.wiring.reports import open_reports
from clicktrail.utm import Convention
from clicktrail.utm.lint import LintCode, lint_url

_MAX_REASONS = 3
"""Signals that are named, the most frequent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignState:
    """What is known of a campaign.

    Attributes:
        report: None if reports have no such campaign.
        other_names: names of all campaigns.
        sent_count: messages of the campaign in the journal, which keeps them for some days.
        untracked_count: those of them without a tracked link.
        edits: edits in force of the campaign's links, of their destinations or of their hosts.
    """

    name: str
    report: schemas.Campaign | None
    other_names: tuple[str, ...]
    sent_count: int
    untracked_count: int
    unknown_consent: UnknownConsentAction
    edits: tuple[LinkEdit, ...]
    convention: Convention


def inspect_campaign(settings: Settings, name: str) -> CampaignState:
    """Collect the state of a campaign from the running engine, or from the data folder, and from the journal.

    Raises:
        SettingsError: a file that the settings name cannot be read or used.
        StorageError: reports or edits cannot be read.
    """
    with open_reports(settings) as reports:
        report = next(iter(reports.campaigns(name)), None)
        other_names = () if report else tuple(campaign.campaign for campaign in reports.campaigns(None))
    link_counts = [event.links for event in scan_sent_events(settings.journal_path) if event.campaign == name]
    return CampaignState(
        name=name,
        report=report,
        other_names=other_names,
        sent_count=len(link_counts),
        untracked_count=link_counts.count(0),
        unknown_consent=read_policy(settings.tracking.policy).unknown_consent,
        edits=_find_edits(settings, report) if report else (),
        convention=read_convention(settings),
    )


def diagnose_campaign(state: CampaignState) -> Iterator[Finding]:
    """Findings about a campaign."""
    yield from _check_tracking(state)
    if state.report is None:
        yield _describe_late_reports(state) if state.sent_count else _describe_unknown_campaign(state)
        return
    yield from _check_clicks(state.report)
    yield from _check_edits(state)
    yield from _check_utm(state, [link.url for link in state.report.links])


def _find_edits(settings: Settings, report: schemas.Campaign) -> tuple[LinkEdit, ...]:
    edits = select_active_edits(overrides_file.read(settings.overrides_path).edits)
    urls = {link.url for link in report.links}
    hosts = {host for url in urls if (host := extract_host(url))}
    return tuple(
        edit
        for target, edit in edits.items()
        if (target.position >= 0 and target.campaign == report.campaign) or target.url in urls or target.host in hosts
    )


def _describe_unknown_campaign(state: CampaignState) -> Finding:
    similar = difflib.get_close_matches(state.name, state.other_names, n=1)
    return Finding(
        code="campaign-unknown",
        severity=Severity.ERROR,
        message=f"no message and no click of a campaign '{state.name}' was recorded",
        hint=f"did you mean '{similar[0]}'?"
        if similar
        else "send through the relay with the header X-Clicktrail-Campaign; clicktrail report lists all campaigns",
    )


def _describe_late_reports(state: CampaignState) -> Finding:
    return Finding(
        code="campaign-not-in-reports",
        severity=Severity.WARNING,
        message=f"{state.sent_count} messages of the campaign are in the journal and not in the reports yet",
        hint="run the doctor again after a minute; if they are still missing, the log of the engine says why",
    )


def _check_tracking(state: CampaignState) -> Iterator[Finding]:
    if not state.untracked_count:
        return
    message = f"{state.untracked_count} of {state.sent_count} messages of the campaign have no tracked link"
    if state.unknown_consent is UnknownConsentAction.OFF:
        yield Finding(
            code="campaign-without-consent",
            severity=Severity.WARNING,
            message=f"{message}, and the policy tracks no recipient whose consent is unknown",
            hint="record consent with clicktrail consent set, or pass X-Clicktrail-Consent with each message",
        )
    else:
        yield Finding(
            code="campaign-untracked",
            severity=Severity.WARNING,
            message=message,
            hint="save one of them as it arrives, and run clicktrail doctor --message FILE.eml, which says why",
        )


def _check_clicks(report: schemas.Campaign) -> Iterator[Finding]:
    clicks = report.clicks
    if not clicks.total:
        yield Finding(
            code="campaign-without-clicks",
            severity=Severity.NOTE,
            message=f"the campaign was accepted for {report.accepted} recipients, and no link was followed yet",
            hint="follow a link of a test message; if the click is missing after a minute, run clicktrail doctor "
            "--message FILE.eml on that message",
        )
    elif not clicks.human:
        reasons = ", ".join(reason.signal for reason in report.reasons[:_MAX_REASONS])
        yield Finding(
            code="campaign-only-scanners",
            severity=Severity.NOTE,
            message=f"none of the {clicks.total} clicks is a person's, for the signals {reasons}",
            hint="nothing is to be done if they are scanners; docs/howto/why-not-counted.md shows each click's reasons",
        )
    if report.accepted and clicks.total and not report.unique.raw:
        yield Finding(
            code="campaign-anonymous",
            severity=Severity.NOTE,
            message=f"the {clicks.total} clicks belong to no recipient, so there are no unique clickers",
            hint="recipients without consent, and readers with Global Privacy Control, are counted without a name: "
            "docs/reference/privacy.md",
        )


def _check_edits(state: CampaignState) -> Iterator[Finding]:
    for edit in state.edits:
        target = edit.target.text
        destination = f" to {edit.destination}" if edit.destination else ""
        yield Finding(
            code="campaign-link-edited",
            severity=Severity.NOTE,
            message=f"{target} was changed after it was sent, at {format_rfc3339(edit.at)}: {edit.action}{destination}",
            hint=f"to undo that: clicktrail links restore '{target}'",
        )


def _check_utm(state: CampaignState, urls: Sequence[str]) -> Iterator[Finding]:
    untagged = [
        url for url in urls if any(finding.code is LintCode.UNTAGGED for finding in lint_url(url, state.convention))
    ]
    if untagged:
        yield Finding(
            code="campaign-links-without-utm",
            severity=Severity.WARNING,
            message=f"{len(untagged)} of {len(urls)} links lead to your own hosts without UTM parameters, such as "
            f"{untagged[0]}",
            hint="utm.own_hosts named the host too late, or another program made the links: send a new message",
        )
