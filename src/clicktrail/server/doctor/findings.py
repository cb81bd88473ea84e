"""Findings: what is wrong, why, and the one thing that helps."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How urgent a finding is. The most urgent is first."""

    ERROR = "error"
    """Readers, clicks or reports are affected now."""
    WARNING = "warning"
    """They will be affected some day, or some of them are."""
    NOTE = "note"
    """It explains a number or a link, and nothing is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: a slug that never changes, for machines.
        message: a sentence without its full stop.
        hint: the one thing that helps.
    """

    code: str
    severity: Severity
    message: str
    hint: str


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; otherwise in the order in which they were found."""
    severities = list(Severity)
    return sorted(findings, key=lambda finding: severities.index(finding.severity))
