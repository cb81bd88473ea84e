import io
import json
from datetime import timedelta

import pytest

from clicktrail.audit.organisations import Organisation
from clicktrail.cli.audited import JsonRows, TableRows, campaign_row, print_audit
from clicktrail.judge import judge
from clicktrail.model.verdict import Verdict
from clicktrail.report import CampaignReport, Clicks, ReasonCount, Unique
from tests.clicks import AZURE, CONTEXT, timeline
from tests.clicks import click as request
from tests.judged import BURST, SENT_AT, click, verdict

CLICK = verdict(click("m1", "c"), Verdict.BOT, BURST)
REPORT = CampaignReport(
    campaign="spring",
    accepted=5,
    bounced=1,
    clicks=Clicks(human=1, bot=3),
    unique=Unique(raw=2, human=1),
    reasons=(ReasonCount(signal="burst", clicks=3),),
)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_document_is_json_however_many_clicks_there_are(count: int) -> None:
    """Rows are written as they come, and read as one document."""
    output = io.StringIO()
    document = JsonRows(output, SENT_AT + timedelta(hours=1))
    for _ in range(count):
        document.write([CLICK])
    document.end([campaign_row(REPORT)])
    result = json.loads(output.getvalue())
    assert (count, [0.5, 0.25]) == (len(result["clicks"]), [*result["campaigns"][0]["click_rate"].values()])


def test_what_would_have_made_a_person_of_it() -> None:
    """A click from a data centre lacks but a key pressed; a person's lacks nothing."""
    output = io.StringIO()
    document = JsonRows(output, SENT_AT)
    document.write(judge(timeline(request(1_000, ip=AZURE), request(2_000)), CONTEXT))
    document.end([])
    assert [
        "would be human with trusted input on the landing page, or without datacentre-network",
        None,
    ] == [row.get("counterfactual") for row in json.loads(output.getvalue())["clicks"]]


def test_a_table_of_no_clicks_has_a_header() -> None:
    """So that a spreadsheet can open it."""
    output = io.StringIO()
    TableRows(output, SENT_AT)
    assert "id,at,campaign,recipient,url,verdict,score,state,counted,reasons\r\n" == output.getvalue()


def test_shares_are_of_the_clicks_that_are_not_human(capsys: pytest.CaptureFixture[str]) -> None:
    """And organisations past the first twenty are counted."""
    many = [Organisation(domain=f"{number}.example", clicked=2, scanned=1) for number in range(22)]
    print_audit([REPORT], many, ["klaviyo told no addresses"])
    shown = capsys.readouterr().out
    assert ["4 (accepted - bounced)", "100.0%", "and 2 more", "Note: klaviyo told no addresses."] == [
        text
        for text in ("4 (accepted - bounced)", "100.0%", "and 2 more", "Note: klaviyo told no addresses.")
        if text in shown
    ]
