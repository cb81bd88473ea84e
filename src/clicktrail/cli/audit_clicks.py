"""Single clicks of an audit, as JSON and CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import IO, Any

import msgspec

from clicktrail.audit.summary import AuditSummary
from clicktrail.cli.csv_output import SafeCsvWriter
from clicktrail.cli.terminal import escape_control_characters_in_json
from clicktrail.judge.scoring import compute_verdict_state, describe_counterfactual
from clicktrail.judge.shipped import load_shipped_context
from clicktrail.model.event import format_rfc3339
from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick
from clicktrail.report import ClickCounts
from clicktrail.report.audited import AuditedCampaign
from clicktrail.report.link_totals import LinkTotal

_CSV_COLUMNS = (
    *("id", "at", "campaign", "message_id", "recipient", "link", "url", "ip", "user_agent"),
    *("verdict", "score", "state", "counted", "reasons"),
)


class JsonClickWriter:
    """Writes the document of ``--json`` as clicks are judged: millions of them do not fit into memory."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._output = output
        self._now = now
        self._rules = load_shipped_context().rules
        self._separator = '{"clicks": [\n'

    def write(self, _timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        """Add the clicks of a message."""
        for judged in clicks:
            row = msgspec.json.encode(self._build_row(judged)).decode()
            self._output.write(self._separator + escape_control_characters_in_json(row))
            self._separator = ",\n"

    def end(self, summary: AuditSummary) -> None:
        """Add the summary, and end the document."""
        beginning = self._separator if self._separator.startswith("{") else "\n"
        text = msgspec.json.format(msgspec.json.encode(_build_summary(summary)), indent=2).decode().removeprefix("{")
        self._output.write(f"{beginning}],{escape_control_characters_in_json(text)}\n")

    def _build_row(self, judged: JudgedClick) -> dict[str, object]:
        row: dict[str, object] = {
            "id": judged.click.id,
            "verdict": judged.verdict.value,
            "score": judged.score,
            "state": compute_verdict_state(self._now - judged.click.at).value,
            "reasons": [
                {"signal": reason.signal, "points": reason.points, "detail": reason.detail} for reason in judged.reasons
            ],
        }
        if counterfactual := describe_counterfactual(judged, self._rules):
            row["counterfactual"] = counterfactual
        return row


class CsvClickWriter:
    """Writes clicks as CSV with a header; reasons in words, joined by semicolons."""

    def __init__(self, output: IO[str], now: datetime) -> None:
        self._writer = SafeCsvWriter(output)
        self._writer.write_rows([_CSV_COLUMNS])
        self._now = now

    def write(self, timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        """Add the clicks of a message, with addresses and agents as they were read, even if no signal used them."""
        read_clicks = {click.id: click for click in timeline.clicks}
        self._writer.write_rows(
            self._build_row(replace(judged, click=read_clicks[judged.click.id])) for judged in clicks
        )

    def _build_row(self, judged: JudgedClick) -> Sequence[object]:
        click = judged.click
        return (
            click.id,
            format_rfc3339(click.at),
            click.campaign,
            click.message_id,
            click.recipient,
            click.link if click.link >= 0 else "",
            click.url,
            click.ip,
            click.user_agent,
            judged.verdict.value,
            judged.score,
            compute_verdict_state(self._now - click.at).value,
            "yes" if judged.counted else "no",
            "; ".join(f"{reason.signal}: {reason.detail}" for reason in judged.reasons),
        )


def _build_summary(summary: AuditSummary) -> dict[str, Any]:
    total = summary.total
    return {
        "headline": summary.headline,
        "total": {
            "campaigns": len(total.campaigns),
            "all_campaigns": total.campaign_count,
            **_build_counts(total.counts),
        },
        "campaigns": [{"campaign": row.campaign, **_build_counts(row)} for row in summary.campaigns],
        "vendors": [
            {
                "vendor": row.vendor,
                "product": row.product,
                "clicks": row.clicks,
                "recipients": row.recipients,
                "companies": row.companies,
                "clickers": row.clickers,
                "click_rate": row.rate,
            }
            for row in summary.scanners
        ],
        "organisations": [
            {
                "domain": row.domain,
                "delivered": row.delivered,
                "messages": {
                    "clicked": row.clicked,
                    "human": row.people,
                    "human_at_most": row.people_at_most,
                    "scanned": row.scanned,
                },
                "click_rate": {"raw": row.raw_rate, "human": row.human_rate},
                "scanners": list(row.bot_names),
            }
            for row in summary.domains
        ],
        "links": [_build_link(row) for row in (*summary.links.links, *summary.links.unsubscribe)],
        "other_links": _build_clicks(summary.links.other),
        "signals": [{"signal": signal, "clicks": clicks} for signal, clicks in summary.signals.items()],
        "next_steps": list(summary.next_steps),
        "notes": list(summary.notes),
    }


def _build_counts(row: AuditedCampaign) -> dict[str, Any]:
    return {
        "delivered": row.delivered,
        "clicks": _build_clicks(row.clicks),
        "unique": {"raw": row.clickers, "human": row.people, "human_at_most": row.people_at_most},
        "click_rate": {"raw": row.raw_rate, "human": row.human_rate},
    }


def _build_link(row: LinkTotal) -> dict[str, Any]:
    return {
        "link": row.name.address,
        "purpose": "unsubscribe" if row.name.is_unsubscribe else "",
        "clicks": _build_clicks(row.clicks),
    }


def _build_clicks(clicks: ClickCounts) -> dict[str, int]:
    return {
        "total": clicks.total,
        "human": clicks.human,
        "suspected": clicks.suspected,
        "bot": clicks.bot,
        "preview": clicks.preview,
    }
