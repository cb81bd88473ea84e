"""clicktrail doctor: say what is wrong, and what to do about it."""

import json

import typer

from clicktrail.cli.options import Config, Json

__all__ = ["doctor"]


def doctor(config: Config = None, json_: Json = False) -> None:
    """Say what is wrong with keys, processes, journal and disk, and what to do about it."""
    from clicktrail.server import settings
    from clicktrail.server.doctor import Severity, diagnose, inspect_installation

    loaded = settings.load(config, settings.get_environment())
    findings = diagnose(inspect_installation(loaded))
    suffering = sum(finding.severity is Severity.ERROR for finding in findings)
    if json_:
        told = [
            {"code": of.code, "severity": of.severity.value, "message": of.message, "hint": of.hint} for of in findings
        ]
        print(json.dumps({"ok": not suffering, "findings": told}, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"{finding.severity}: {finding.message} [{finding.code}]\n    {finding.hint}")
        if not findings:
            print("keys, processes, journal and disk are well")
    if suffering:
        raise typer.Exit(1)
