"""All commands by name, each imported when it runs.

Importing every command takes most of a second of processor time. The table has what ``clicktrail --help`` shows.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group

_USAGE_STATUS = 2


class CommandEntry(NamedTuple):
    """Where a command is defined.

    Attributes:
        target: module below ``clicktrail.cli``, and its function or Typer app.
        summary: first line of the command's help.
    """

    target: str
    summary: str
    hidden: bool = False


COMMANDS = {
    "serve": CommandEntry("serve:serve", "Run edge, relay and engine until stopped."),
    "worker": CommandEntry("serve:worker", "Run one process of serve, which starts these itself.", hidden=True),
    "rewrite": CommandEntry(
        "rewrite:rewrite", "Replace the links of an HTML, text or message file with tracking URLs."
    ),
    "inspect": CommandEntry(
        "inspect:inspect",
        "Show what a tracking URL contains, or whether another link is tracked, why, and what would change it.",
    ),
    "report": CommandEntry(
        "report:report",
        "Show deliveries, clicks, clickers and click rates of all campaigns, or of one campaign by link.",
    ),
    "audit": CommandEntry("audit:audit", "Judge recorded clicks: which were human, why, and the human click rates."),
    "import": CommandEntry("import_:import_", "Import event logs and ESP exports into reports and console."),
    "rejudge": CommandEntry(
        "rejudge:rejudge",
        "Judge stored clicks again with the current rules, networks and user agents, and show what changes.",
    ),
    "recount": CommandEntry(
        "recount:recount", "Count all campaigns, or one, from their clicks again, and show which numbers were wrong."
    ),
    "history": CommandEntry(
        "history:history",
        "Show changes of verdicts on a campaign's clicks, the latest first, and the signals that caused them.",
    ),
    "segment": CommandEntry(
        "segment:segment", "List recipients with a human click, sorted, as a segment for the next campaign."
    ),
    "demo": CommandEntry(
        "demo:demo", "Send a campaign to simulated people and scanners, and compare verdicts with the truth."
    ),
    "doctor": CommandEntry(
        "doctor:doctor",
        "Check keys, processes, journal, disk and the relay's next hop, and say how to fix each problem.",
    ),
    "erase": CommandEntry("erase:erase", "Erase a recipient's data, and record nothing about them from now on."),
    "privacy-text": CommandEntry(
        "privacy_text:privacy_text", "Draft a paragraph for your privacy policy from the current settings."
    ),
    "keys": CommandEntry("keys:app", "Manage the key ring, the one file that must not be lost."),
    "consent": CommandEntry("consent:app", "Record and show recipients' consent to tracking."),
    "labels": CommandEntry("labels:app", "Measure the judge's accuracy against clicks whose truth you know."),
    "domain": CommandEntry("domain:app", "Add, check, list and remove tracking domains."),
    "links": CommandEntry("links:app", "Redirect, disable or expire links after they were sent."),
    "networks": CommandEntry(
        "networks:app", "Name the owners of IP networks. These entries override the built-in table."
    ),
    "quarantine": CommandEntry("quarantine:app", "Show events that could not be processed, and try them again."),
    "utm": CommandEntry("utm:app", "Check UTM parameters against a convention."),
}


class HelpfulGroup(TyperGroup):
    """A group that shows its help when no command is named, with the first line of each command's help in full."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse options, or show the help and exit with the status of wrong usage."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(_USAGE_STATUS)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(self.summaries())

    def summaries(self) -> list[tuple[str, str]]:
        """Name and first line of help of each visible command."""
        return [
            (name, (command.help or "").partition("\n")[0])
            for name, command in self.commands.items()
            if not command.hidden
        ]


class CommandTableGroup(HelpfulGroup):
    """The group of all commands in the table."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: Any = _ImportedCommands()

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def summaries(self) -> list[tuple[str, str]]:
        """As the table has them: no command is imported for a list of commands."""
        return [(name, entry.summary) for name, entry in COMMANDS.items() if not entry.hidden]


class _ImportedCommands(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        module, _, attribute = COMMANDS[name].target.partition(":")
        loaded = getattr(import_module(f"clicktrail.cli.{module}"), attribute)
        parent = typer.Typer(rich_markup_mode=None)
        if isinstance(loaded, typer.Typer):
            parent.add_typer(loaded, name=name, cls=HelpfulGroup)
        else:
            parent.command(name, hidden=COMMANDS[name].hidden)(loaded)
        return get_group(parent).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)
