import pytest

from clicktrail.errors import SettingsError
from clicktrail.judge import Context
from clicktrail.judge.rules import parse_rules
from clicktrail.model.verdict import Verdict
from tests.support.events import CONTEXT, read_judge_data, read_networks

HEAD = """
version = 2026-11-23
[min_scores]
bot = 5
suspected = 3
"""
RULE = """
[[rules]]
name = "fast"
description = "Too fast."
source = "a page"
date = 2026-11-23
"""


def test_shipped_rules_have_description_and_source() -> None:
    rules = parse_rules(read_judge_data("rules.toml"))
    assert [
        rule.name
        for rule in rules.rules
        if not (rule.description.endswith(".") and rule.source and rule.date <= rules.version)
    ] == []


def test_shipped_names_are_unique() -> None:
    names = [rule.name for rule in parse_rules(read_judge_data("rules.toml")).rules]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("score", "verdict"),
    [
        (-8, Verdict.HUMAN),
        (2, Verdict.HUMAN),
        (3, Verdict.SUSPECTED),
        (4, Verdict.SUSPECTED),
        (5, Verdict.BOT),
        (15, Verdict.BOT),
    ],
)
def test_verdict_for_score(score: int, verdict: Verdict) -> None:
    assert parse_rules(HEAD + RULE + "points = 3").verdict_for_score(score) is verdict


def test_thresholds() -> None:
    (rule,) = parse_rules(HEAD + RULE + "points = 3\nthresholds = { min_links = 3, window_s = 0.5 }").rules
    assert rule.thresholds == {"min_links": 3, "window_s": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = ", "Invalid value"),
        (HEAD, "missing key 'rules'"),
        (HEAD + RULE, "rule fast needs either a verdict or points"),
        (HEAD + RULE + 'points = 1\nverdict = "bot"', "rule fast needs either a verdict or points"),
        (HEAD + RULE + "pionts = 3", "pionts"),
        (HEAD + RULE + 'verdict = "alien"', "alien"),
        (HEAD + RULE.replace('source = "a page"', "") + "points = 3", "source"),
    ],
)
def test_invalid_rules_file(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_rules(text)


def test_context_version() -> None:
    parts = (CONTEXT.rules.version, CONTEXT.networks.version, CONTEXT.agents.version)
    assert "/".join(str(part) for part in parts) == CONTEXT.version


def test_context_with_invalid_rules() -> None:
    with pytest.raises(SettingsError, match="in the rules file: missing key 'version'"):
        Context.from_toml(rules_toml="", networks=read_networks(), agents_toml=read_judge_data("agents.toml"))
