"""Small logs with a README that says how each click must be judged."""

from functools import partial

import pytest

from clicktrail.audit import judge_messages, read_events
from clicktrail.judge import judge
from clicktrail.model.verdict import Verdict
from tests.support.events import CONTEXT
from tests.support.paths import CASES

LOGS = CASES / "judge"
pytestmark = pytest.mark.skipif(not LOGS.is_dir(), reason=f"{LOGS} is absent")


def judge_log(name: str) -> dict[str, Verdict]:
    """Verdicts by click ID."""
    with (LOGS / f"{name}.jsonl").open("rb") as log:
        events = list(read_events(log, (), on_unreadable=_refuse))
    messages = judge_messages(events, partial(judge, context=CONTEXT), {})
    return {judged.click.id: judged.verdict for _, clicks in messages for judged in clicks}


def _refuse(line_number: int, error: Exception) -> None:
    raise AssertionError(f"line {line_number}: {error}")


def test_person_behind_a_secure_web_gateway() -> None:
    assert judge_log("1_prisma_person") == {"person": Verdict.HUMAN}


def test_ai_agent() -> None:
    assert judge_log("2_ai_agent")["agent"] in {Verdict.SUSPECTED, Verdict.BOT}


def test_lab_behind_an_ordinary_address() -> None:
    verdicts = set(judge_log("3_lab_behind_nat").values())
    assert len(verdicts) == 1
    assert Verdict.HUMAN not in verdicts


@pytest.mark.parametrize(
    "name", ["4_person_pays_for_scanner", "5_azure_desktop_after_defender", "5b_defender_after_engaged_desktop"]
)
def test_person_and_their_companys_scanner(name: str) -> None:
    verdicts = judge_log(name)
    assert verdicts.pop("person") is Verdict.HUMAN
    assert set(verdicts.values()) == {Verdict.BOT}


def test_more_evidence_never_makes_people() -> None:
    assert Verdict.HUMAN not in {*judge_log("6a_pool_5_clicks").values(), *judge_log("6b_pool_7_clicks").values()}


def test_three_links_from_three_networks_are_too_little_for_a_bot() -> None:
    assert set(judge_log("7_pool_3_links").values()) == {Verdict.SUSPECTED}
