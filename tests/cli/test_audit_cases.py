"""Files that people really have, and what `clicktrail audit` makes of them: ../shared/cases/README.md."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clicktrail.cli.audit import audit
from clicktrail.errors import ClicktrailError
from tests.support.paths import CASES

FOLDER = CASES / "clicks"

pytestmark = [pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is absent"), pytest.mark.without_coverage]


class Result:
    """The document of ``--json``."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.campaigns = {row["campaign"]: row for row in document["campaigns"]}
        self.verdicts = {row["id"]: row["verdict"] for row in document["clicks"]}
        self.notes = " ".join(document["notes"])

    def counts(self, campaign: str = "winter") -> tuple[int, int, int]:
        """Deliveries, clicks and human clicks."""
        row = self.campaigns[campaign]
        return row["delivered"], row["clicks"]["total"], row["clicks"]["human"]


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run_audit(file: str, *, columns: str = "", csv_: Path | None = None) -> Result:
        audit(files=[str(FOLDER / file)], json_=True, columns=columns, csv_=csv_)
        return Result(json.loads(capsys.readouterr().out))

    return run_audit


@pytest.mark.parametrize(
    ("file", "at"),
    [
        ("e01_utf16le_bom.csv", "2026-11-18T08:06:40.000Z"),
        ("e05_sep_line.csv", "2026-11-18T08:06:40.000Z"),
        ("e10_us_dates.csv", "2026-11-18T08:06:00.000Z"),
        ("e11_de_dates.csv", "2026-11-18T08:06:40.000Z"),
        ("e12_rfc2822.csv", "2026-11-18T08:06:40.000Z"),
        ("e14_compact_date.csv", "2026-11-18T00:00:00.000Z"),
        ("e15c_excel_serial.csv", "2026-11-18T08:06:40.000Z"),
        ("e17_header_comma_in_quotes.csv", "2026-11-18T08:06:40.000Z"),
        ("e27_dup_headers.csv", "2026-11-18T08:06:40.000Z"),
    ],
)
def test_table_with_one_person(run: Run, tmp_path: Path, file: str, at: str) -> None:
    result = run(f"enc/{file}", csv_=tmp_path / "out.csv")
    assert result.counts() == (1, 1, 1)
    assert result.campaigns["winter"]["unique"]["human"] == 1
    assert at in (tmp_path / "out.csv").read_text("utf-8")


def test_windows_1252(run: Run) -> None:
    result = run("enc/e03b_cp1252_two.csv")
    assert [result.counts(name) for name in ("Grüße", "Größe")] == [(1, 1, 1), (1, 1, 1)]
    assert "read as cp1252, which is a guess" in result.notes


def test_row_with_too_many_cells_is_reported(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    audit(files=[str(FOLDER / "enc/e21_ragged_unquoted_ua.csv")])
    assert "line 3: not an event: it has 10 cells, and the heading has 8" in capsys.readouterr().err
    assert run("enc/e21_ragged_unquoted_ua.csv").counts() == (1, 0, 0)


def test_spellings_of_one_recipient(run: Run) -> None:
    result = run("enc/e28_recipient_case.csv")
    assert result.counts() == (1, 1, 1)
    assert result.campaigns["winter"]["unique"]["raw"] == 1


def test_words_for_nothing_are_no_values(run: Run) -> None:
    result = run("enc/e29_null_words.csv")
    assert result.counts()[:2] == (1, 4)
    assert result.campaigns["winter"]["unique"] == {"raw": 4, "human": None, "human_at_most": None}
    assert result.campaigns["winter"]["click_rate"] == {"raw": None, "human": None}
    for note in (
        "have no IP address",
        "have no User-Agent",
        "4 recipients of winter have clicks",
        "number of people is",
    ):
        assert note in result.notes


@pytest.mark.parametrize(
    ("file", "clicks", "note"),
    [("e31_minutes_only.csv", 3, "have no seconds"), ("e14_compact_date.csv", 1, "are days")],
)
def test_signals_below_the_resolution_of_times_are_silent(run: Run, file: str, clicks: int, note: str) -> None:
    result = run(f"enc/{file}")
    assert result.counts() == (1, clicks, clicks)
    assert note in result.notes


def test_cell_that_looks_like_json(run: Run) -> None:
    assert run("enc/i01_first_cell_brace.csv").counts("{{campaign_name}}") == (1, 1, 1)


def test_headings_in_japanese(run: Run) -> None:
    result = run("enc/i09_japanese.csv", columns="at=日時,recipient=メールアドレス,url=リンク")
    assert len(result.verdicts) == 1
    with pytest.raises(ClicktrailError, match="neither an event log nor an export"):
        run("enc/i09_japanese.csv")


def test_log_that_never_has_agents(run: Run) -> None:
    result = run("enc/i17_log_without_agent.ndjson")
    assert result.counts("w") == (100, 10, 10)
    assert result.campaigns["w"]["unique"]["human"] == 10
    assert "clicks from clicktrail have no User-Agent" in result.notes


@pytest.mark.parametrize(
    ("file", "person", "bot"),
    [
        ("sendgrid_webhook_array_oneline.json", "c1", "c2"),
        ("sendgrid_webhook_array_crlf.json", "c1", "c2"),
        ("mailgun_events_api_min.json", "e2", "e4"),
        ("mailgun_webhook.json", "e2", "e4"),
    ],
)
def test_person_and_scanner(run: Run, file: str, person: str, bot: str) -> None:
    result = run(f"esp/{file}")
    assert result.counts() == (2, 2, 1)
    assert (result.verdicts[person], result.verdicts[bot]) == ("human", "bot")


def test_postmark_webhooks(run: Run) -> None:
    result = run("esp/postmark_webhooks.ndjson")
    assert result.counts() == (2, 2, 1)
    assert "postmark reports only a recipient's first click on a link" in result.notes


def test_postmark_clicks_without_deliveries_have_no_rate(run: Run) -> None:
    result = run("esp/postmark_clicks_api.json")
    assert result.counts() == (0, 2, 1)
    assert result.campaigns["winter"]["click_rate"] == {"raw": None, "human": None}
    assert "no deliveries of winter are known" in result.notes


def test_klaviyo_without_agents_and_addresses_has_no_number_of_people(run: Run, tmp_path: Path) -> None:
    result = run("esp/klaviyo_events_api.json", csv_=tmp_path / "out.csv")
    assert result.counts()[:2] == (2, 2)
    assert result.verdicts["k4"] != "human"
    assert result.campaigns["winter"]["unique"]["human"] is None
    assert "neither addresses nor agents" in result.notes
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert "ann@example.com" in text
    assert ",P2," in text


@pytest.mark.parametrize(
    ("file", "campaign", "counts"),
    [
        ("ses_firehose.ndjson", "winter", (1, 1, 1)),
        ("brevo_webhook.ndjson", "winter", (1, 1, 1)),
        ("hubspot_events_api.json", "2", (0, 1, 1)),
        ("mailchimp_email_activity_api.json", "c1", (0, 1, 1)),
    ],
)
def test_esp_with_one_person(run: Run, file: str, campaign: str, counts: tuple[int, int, int]) -> None:
    assert run(f"esp/{file}").counts(campaign) == counts


def test_mailchimp_has_no_agents(run: Run) -> None:
    assert "clicks from mailchimp have no User-Agent" in run("esp/mailchimp_email_activity_api.json").notes
