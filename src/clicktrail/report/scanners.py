"""Which scanners clicked, and what share of an ESP's click rate is theirs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report.people import PeopleCounter


@dataclass(frozen=True, slots=True, order=True)
class Scanner:
    """A program that clicks.

    Attributes:
        rank: how precisely it is known; the lowest is the most precise.
        vendor: who runs it.
        product: what it is.
    """

    rank: int
    vendor: str
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerReport:
    """Clicks of one scanner.

    Attributes:
        clicks: counted clicks.
        recipients: recipients with such a click.
        companies: domains of these recipients, without public mail services.
        clickers: clickers without a human click that are attributed to this scanner. Each is attributed to one.
        rate: ``clickers`` ÷ delivered, in the campaigns of a total: this scanner's part of the difference between raw
            and human click rate.
    """

    vendor: str
    product: str
    clicks: int
    recipients: int
    companies: int
    clickers: int
    rate: float | None


@dataclass(slots=True)
class _ScannerTally:
    clicks: int = 0
    recipients: set[str] = field(default_factory=set)
    companies: set[str] = field(default_factory=set)


class ScannerCounter:
    """Counts the clicks of scanners.

    Args:
        identify: the scanner that made a click that is not human.
        find_company: the company of a recipient; empty if there is none.
    """

    def __init__(self, identify: Callable[[JudgedClick], Scanner], find_company: Callable[[str], str]) -> None:
        self._identify = identify
        self._find_company = find_company
        self._tallies: defaultdict[Scanner, _ScannerTally] = defaultdict(_ScannerTally)
        self._scanners_by_person: defaultdict[str, dict[str, Scanner]] = defaultdict(dict)

    def add(self, timeline: Timeline, clicks: Iterable[JudgedClick]) -> None:
        """Add the judged clicks of a message."""
        clicks_by_scanner: Counter[Scanner] = Counter()
        for judged in clicks:
            if not judged.counted or judged.verdict is Verdict.HUMAN:
                continue
            click = judged.click
            scanner = self._identify(judged)
            if person := click.recipient or click.message_id:
                if scanner not in clicks_by_scanner:
                    self._add_recipient(scanner, click.recipient)
                self._attribute(timeline.campaign, person, scanner)
            clicks_by_scanner[scanner] += 1
        for scanner, count in clicks_by_scanner.items():
            self._tallies[scanner].clicks += count

    def _add_recipient(self, scanner: Scanner, recipient: str) -> None:
        tally = self._tallies[scanner]
        if recipient:
            tally.recipients.add(recipient)
        if company := self._find_company(recipient):
            tally.companies.add(company)

    def _attribute(self, campaign: str, person: str, scanner: Scanner) -> None:
        scanners = self._scanners_by_person[campaign]
        earlier = scanners.get(person)
        if earlier is None or scanner < earlier:
            scanners[person] = scanner

    def build_reports(
        self, people: PeopleCounter, *, campaigns: Collection[str], delivered: int
    ) -> list[ScannerReport]:
        """The report of each scanner: those with the most clickers first.

        campaigns, delivered: the campaigns whose clickers are attributed, and their deliveries; 0 if unknown.
        """
        clickers: Counter[Scanner] = Counter()
        for campaign in campaigns:
            for person, scanner in self._scanners_by_person.get(campaign, {}).items():
                clickers[scanner] += not people.is_human(campaign, person)
        reports = [
            ScannerReport(
                vendor=scanner.vendor,
                product=scanner.product,
                clicks=tally.clicks,
                recipients=len(tally.recipients),
                companies=len(tally.companies),
                clickers=clickers[scanner],
                rate=clickers[scanner] / delivered if delivered else None,
            )
            for scanner, tally in self._tallies.items()
        ]
        return sorted(reports, key=lambda row: (-row.clickers, -row.clicks, row.vendor, row.product))
