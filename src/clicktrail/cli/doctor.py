"""clicktrail doctor: find faults of an installation, and say how to fix them."""

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json, print_line


def doctor(config: Config = None, json_: Json = False) -> None:
    """Check keys, processes, journal and disk, and say how to fix each problem."""
    from clicktrail.server.doctor import Severity, diagnose, inspect_installation

    settings = load_settings(config)
    findings = diagnose(inspect_installation(settings))
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    if json_:
        print_json({"ok": not has_errors, "findings": findings})
    else:
        for finding in findings:
            print_line(f"{finding.severity}: {finding.message} [{finding.code}]")
            print_line(f"    {finding.hint}")
        if not findings:
            print_line("no problems found with keys, processes, journal and disk")
    if has_errors:
        raise typer.Exit(1)
