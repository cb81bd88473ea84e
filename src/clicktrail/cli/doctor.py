"""clicktrail doctor: find what is wrong, and say how to fix it."""

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json, print_line


def doctor(config: Config = None, json_: Json = False) -> None:
    """Check keys, processes, journal, disk and the relay's next hop, and say how to fix each problem."""
    import asyncio

    from clicktrail.server.doctor.examination import examine
    from clicktrail.server.doctor.findings import Severity

    findings = asyncio.run(examine(load_settings(config)))
    has_errors = any(finding.severity is Severity.ERROR for finding in findings)
    if json_:
        print_json({"ok": not has_errors, "findings": findings})
    else:
        for finding in findings:
            print_line(f"{finding.severity}: {finding.message} [{finding.code}]")
            print_line(f"    {finding.hint}")
        if not findings:
            print_line("no problems found")
    if has_errors:
        raise typer.Exit(1)
