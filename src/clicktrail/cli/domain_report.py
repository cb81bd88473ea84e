"""Print the records of a tracking domain, and the report of its checks."""

from typing import TYPE_CHECKING

from clicktrail.cli.tables import create_table, create_terminal
from clicktrail.cli.terminal import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clicktrail.server.pipeline.block_lists import BlockListAnswer
    from clicktrail.server.pipeline.domain_checks import DomainReport
    from clicktrail.server.pipeline.domain_targets import ExpectedTarget

_TTL_S = 300
"""Five minutes: a wrong record is corrected that fast."""
_DETAILED = frozenset({"fail", "warn"})


def print_records(host: str, expected: "ExpectedTarget") -> None:
    """Print the records to create, as a table and as lines of a zone file."""
    records = expected.records
    print_line(f"Create {'this record' if len(records) == 1 else 'these records'} at your DNS provider:")
    print_line()
    table = create_table("name", "type", "value", "TTL")
    for kind, value in records:
        table.add_row(host, kind, value, str(_TTL_S))
    create_terminal().print(table)
    print_line()
    print_line(f"As {'a line' if len(records) == 1 else 'lines'} of a zone file:")
    print_line()
    for kind, value in records:
        print_line(f"{host}. {_TTL_S} IN {kind} {value}")
    print_line()
    print_line(f"Then check it: clicktrail domain check {host} --wait")


def print_report(report: "DomainReport") -> None:
    """Print the result, the next step, what fails or warns with cause and fix, then all checks."""
    print_line(f"{report.domain}: {report.status}")
    if report.next_step:
        print_line(f"Next step: {report.next_step}")
    for check in report.checks:
        if check.status in _DETAILED:
            print_line()
            print_line(f"{check.status}: {check.code}")
            for name in ("found", "expected", "cause", "fix"):
                if text := getattr(check, name):
                    print_line(f"    {name}: {text}")
    print_line()
    table = create_table("check", "status")
    for check in report.checks:
        table.add_row(check.code, check.status)
    create_terminal().print(table)


def print_listings(listings: "Sequence[BlockListAnswer]") -> None:
    """Print what block lists say about a domain."""
    print_line()
    table = create_table("block list", "domain", "result", "found")
    for listing in listings:
        table.add_row(listing.block_list.title, listing.domain, listing.listing, listing.found)
    create_terminal().print(table)
    for listing in listings:
        if listing.listing == "listed":
            print_line(f"Ask {listing.block_list.title} to remove {listing.domain}: {listing.block_list.removal}")
        elif listing.listing == "refused":
            print_line(
                f"{listing.block_list.title} refuses queries of this resolver, so nothing is known: use a resolver of "
                "your own."
            )
