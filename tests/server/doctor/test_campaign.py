"""Campaigns with a planted fault in a real journal, processed by the real engine's code."""

import asyncio
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from clicktrail import keyring_file
from clicktrail.model.edit import EditAction, EditTarget, LinkEdit
from clicktrail.model.event import AnonymousClick, AnyEvent
from clicktrail.model.verdict import Verdict
from clicktrail.server import overrides_file
from clicktrail.server import settings as settings_module
from clicktrail.server.doctor.campaign import diagnose_campaign, inspect_campaign
from clicktrail.server.doctor.findings import Finding
from clicktrail.server.settings import Settings
from tests.support.events import AZURE_IP
from tests.support.recorded_journal import CLICKED_AT, SENT, click, write_journal

OWN = 'data_dir = "data"\nutm.own_hosts = ["shop.example"]\n'


def load(folder: Path, events: Sequence[AnyEvent] = (), *, toml: str = OWN) -> Settings:
    file = folder / "clicktrail.toml"
    file.write_text(toml, "utf-8")
    settings = settings_module.load(file, {})
    settings.data_path.mkdir()
    keyring_file.load_or_create(settings.keyring_path, earlier_data_paths=[])
    if events:
        write_journal(settings, *events)
    return settings


async def find(settings: Settings, campaign: str = "winter") -> list[Finding]:
    return list(diagnose_campaign(await asyncio.to_thread(inspect_campaign, settings, campaign)))


UNTRACKED = replace(SENT, links=0)
SCANNED = replace(click(0), ip=AZURE_IP, user_agent="python-requests/2.32", at=SENT.at)
ANONYMOUS = AnonymousClick(id="a1", at=CLICKED_AT, campaign="winter", link=0, verdict=Verdict.HUMAN)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([SENT, click(0)], []),
        ([], ["campaign-unknown"]),
        ([SENT], ["campaign-without-clicks"]),
        ([UNTRACKED], ["campaign-untracked", "campaign-without-clicks"]),
        ([SENT, SCANNED], ["campaign-only-scanners"]),
        ([SENT, ANONYMOUS], ["campaign-anonymous"]),
        ([SENT, replace(click(0), url="https://shop.example/a")], ["campaign-links-without-utm"]),
        (
            [
                SENT,
                replace(click(0), url="https://shop.example/a?utm_source=email&utm_medium=newsletter&utm_campaign=x"),
            ],
            [],
        ),
    ],
)
async def test_fault_of_a_campaign_is_named(tmp_path: Path, events: list[AnyEvent], expected: list[str]) -> None:
    findings = await find(await asyncio.to_thread(load, tmp_path, events))
    assert all(finding.message and finding.hint for finding in findings)
    assert [finding.code for finding in findings] == expected


async def test_campaign_that_the_engine_has_not_processed(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(load, tmp_path, [SENT])
    state = await asyncio.to_thread(inspect_campaign, settings, "winter")
    late = dataclasses.replace(state, report=None)
    assert [finding.code for finding in diagnose_campaign(late)] == ["campaign-not-in-reports"]


async def test_similar_name_is_proposed(tmp_path: Path) -> None:
    settings = await asyncio.to_thread(load, tmp_path, [SENT])
    (finding,) = await find(settings, "wintre")
    assert (finding.code, finding.hint) == ("campaign-unknown", "did you mean 'winter'?")


async def test_policy_that_tracks_only_with_consent_is_the_cause(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('unknown_consent = "off"\n', "utf-8")
    toml = f'{OWN}tracking.policy = "policy.toml"\n'
    settings = await asyncio.to_thread(load, tmp_path, [UNTRACKED], toml=toml)
    assert [finding.code for finding in await find(settings)] == ["campaign-without-consent", "campaign-without-clicks"]


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (EditTarget(campaign="winter", position=0), "winter#0"),
        (EditTarget(url="https://example.com/0"), "https://example.com/0"),
        (EditTarget(host="Example.com"), "Example.com"),
    ],
)
async def test_edit_of_a_link_is_named(tmp_path: Path, target: EditTarget, named: str) -> None:
    settings = await asyncio.to_thread(load, tmp_path, [SENT, click(0)])
    edits = [
        LinkEdit(
            id="e1", at=CLICKED_AT, target=target, action=EditAction.REDIRECT, destination="https://example.com/b"
        ),
        LinkEdit(id="e2", at=CLICKED_AT, target=EditTarget(campaign="other", position=0), action=EditAction.DISABLE),
    ]
    overrides_file.merge(settings.overrides_path, edits=edits)
    (finding,) = await find(settings)
    assert finding.code == "campaign-link-edited"
    assert (f"clicktrail links restore '{named}'" in finding.hint, "https://example.com/b" in finding.message) == (
        True,
        True,
    )
