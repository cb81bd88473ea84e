import dataclasses

from structlog.testing import capture_logs

from clicktrail.model.verdict import Verdict
from clicktrail.server.ports import JudgedMessage
from clicktrail.server.wiring.announcing import LoggedAnnouncements
from tests.judged import click, judged, verdict


def message(name: str, *before: Verdict | None, campaign: str = "spring") -> JudgedMessage:
    """A message whose clicks are a bot's now; None where that is the first verdict."""
    clicks = [
        verdict(click(name, str(number), campaign=campaign, recipient="ann@example.com"), Verdict.BOT)
        for number, _ in enumerate(before)
    ]
    stood = {of.click.id: known for of, known in zip(clicks, before, strict=True) if known}
    return dataclasses.replace(judged(clicks=tuple(clicks)), before=stood)


def test_changes_are_counted_and_logged_by_campaign() -> None:
    """One line for clicks that changed alike, which names none of them; first verdicts are no changes."""
    announcements = LoggedAnnouncements()
    human, preview = Verdict.HUMAN, Verdict.PREVIEW
    with capture_logs() as logged:
        announcements.stored(
            [message("m1", human, human, None), message("m2", human), message("m3", human, preview, campaign="autumn")]
        )
        announcements.stored([message("m4", None)])
    assert {"human_to_bot": 4, "preview_to_bot": 1} == announcements.changes
    assert [("autumn", "human_to_bot", 1), ("autumn", "preview_to_bot", 1), ("spring", "human_to_bot", 3)] == [
        (line["campaign"], line["change"], line["clicks"]) for line in logged
    ]
    assert {"click.reclassified"} == {line["event"] for line in logged}
    assert {"event", "log_level", "part", "campaign", "change", "clicks"} == {key for line in logged for key in line}
