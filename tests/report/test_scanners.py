from clicktrail.model.timeline import Timeline
from clicktrail.model.verdict import JudgedClick, Verdict
from clicktrail.report import PeopleCounter
from clicktrail.report.scanners import Scanner, ScannerCounter, ScannerReport
from tests.support.judged_lines import click, make_judged_click

GATEWAY = Scanner(0, "Barracuda", "gateway")
CLOUD = Scanner(3, "OVH", "rented computers")


def identify(judged: JudgedClick) -> Scanner:
    return CLOUD if "cloud" in judged.click.id else GATEWAY


class Log:
    """Judged messages, counted as an audit counts them."""

    def __init__(self) -> None:
        self._people = PeopleCounter()
        self._scanners = ScannerCounter(identify, lambda recipient: recipient.rpartition("@")[2])

    def add(self, recipient: str, *clicks: tuple[str, Verdict], campaign: str = "spring", message: str = "") -> None:
        judged = [
            make_judged_click(click(message or recipient, name, campaign=campaign, recipient=recipient), verdict)
            for name, verdict in clicks
        ]
        timeline = Timeline.from_events(recipient, [click.click for click in judged])
        self._people.add(timeline, judged)
        self._scanners.add(timeline, judged)

    def build_reports(self, *campaigns: str, delivered: int = 10) -> list[ScannerReport]:
        return self._scanners.build_reports(self._people, campaigns=campaigns or ("spring",), delivered=delivered)


def test_clicks_recipients_and_companies_are_counted() -> None:
    log = Log()
    log.add("ann@a.example", ("1", Verdict.BOT), ("2", Verdict.SUSPECTED), ("3", Verdict.HUMAN))
    log.add("ben@a.example", ("1", Verdict.BOT))
    log.add("cid@c.example", ("1", Verdict.PREVIEW))
    assert log.build_reports() == [
        ScannerReport(vendor="Barracuda", product="gateway", clicks=4, recipients=3, companies=2, clickers=2, rate=0.2)
    ]


def test_clicker_is_attributed_to_the_most_precise_scanner() -> None:
    log = Log()
    log.add("ann@a.example", *((f"cloud-{number}", Verdict.BOT) for number in range(5)), ("gateway", Verdict.BOT))
    assert [(row.vendor, row.clicks, row.clickers) for row in log.build_reports()] == [
        ("Barracuda", 1, 1),
        ("OVH", 5, 0),
    ]


def test_clicker_with_two_messages_is_attributed_once() -> None:
    log = Log()
    log.add("ann@a.example", ("cloud", Verdict.BOT), message="m1")
    log.add("ann@a.example", ("gateway", Verdict.BOT), message="m2")
    assert {row.vendor: row.clickers for row in log.build_reports()} == {"Barracuda": 1, "OVH": 0}


def test_person_with_a_human_click_on_another_message_is_not_attributed() -> None:
    log = Log()
    log.add("ann@a.example", ("1", Verdict.BOT), message="m1")
    log.add("ann@a.example", ("1", Verdict.HUMAN), message="m2")
    assert [row.clickers for row in log.build_reports()] == [0]


def test_only_the_campaigns_of_the_total_are_attributed() -> None:
    log = Log()
    log.add("ann@a.example", ("1", Verdict.BOT))
    log.add("ben@a.example", ("1", Verdict.BOT), campaign="other")
    assert [(row.clicks, row.clickers, row.rate) for row in log.build_reports("spring", delivered=0)] == [(2, 1, None)]


def test_human_clicks_alone_have_no_scanner() -> None:
    log = Log()
    log.add("ann@a.example", ("1", Verdict.HUMAN))
    assert log.build_reports() == []
