"""clicktrail doctor: find what is wrong, and say how to fix it."""

from pathlib import Path
from typing import Annotated

import typer

from clicktrail.cli.options import Config, Json, load_settings
from clicktrail.cli.terminal import print_json, print_line


def doctor(
    message: Annotated[
        Path | None,
        typer.Option(
            help="Message as it arrived, an .eml file: say why its links are not tracked, not counted, without UTM "
            "parameters, or lead elsewhere.",
            metavar="FILE",
        ),
    ] = None,
    campaign: Annotated[
        str | None,
        typer.Option(help="Campaign: say why clicks, people or UTM parameters are missing.", metavar="CAMPAIGN"),
    ] = None,
    landing_page: Annotated[
        bool,
        typer.Option(
            "--landing-page",
            help="With --message: fetch the pages that its links lead to, and look for redirects and web analytics.",
        ),
    ] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Check keys, processes, journal, disk and the relay's next hop, and say how to fix each problem."""
    import asyncio

    from clicktrail.cli.files import read_bytes
    from clicktrail.server.doctor.examination import Examination, examine
    from clicktrail.server.doctor.findings import Severity

    if landing_page and message is None:
        raise typer.BadParameter("name the message with --message", param_hint="--landing-page")
    examination = Examination(
        message=None if message is None else read_bytes(message),
        campaign=campaign,
        fetches_landing_pages=landing_page,
    )
    findings = asyncio.run(examine(load_settings(config), examination))
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
