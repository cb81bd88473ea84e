from msgspec.structs import replace

from clicktrail.audit.organisations import Organisations
from clicktrail.model.verdict import JudgedClick, Reason, Verdict
from tests.judged import click, verdict

BARRACUDA = Reason(signal="mail-security-network", points=5, detail="network Barracuda AS15324")


def clicks(message: str, recipient: str, *kinds: Verdict) -> list[JudgedClick]:
    """A message's clicks of these verdicts; bots come from Barracuda's network."""
    return [
        verdict(
            replace(click(message, str(number)), recipient=recipient),
            kind,
            *([BARRACUDA] if kind is Verdict.BOT else []),
        )
        for number, kind in enumerate(kinds)
    ]


def test_an_organisation_is_scanned_where_bots_click_its_mail() -> None:
    """Messages are counted, not clicks; the most scanned come first."""
    organisations = Organisations()
    organisations.add(clicks("m1", "ada@one.example", Verdict.BOT, Verdict.BOT, Verdict.HUMAN))
    organisations.add(clicks("m2", "bob@Two.example", Verdict.BOT))
    organisations.add(clicks("m3", "cyd@two.example", Verdict.BOT))
    organisations.add(clicks("m4", "dan@two.example", Verdict.HUMAN))
    assert [("two.example", 3, 2, {"Barracuda AS15324": 2}), ("one.example", 1, 1, {"Barracuda AS15324": 1})] == [
        (found.domain, found.clicked, found.scanned, found.networks) for found in organisations.scanned()
    ]


def test_people_and_strangers_make_no_organisation() -> None:
    """Neither a domain without bots, nor a recipient who is an opaque id."""
    organisations = Organisations()
    organisations.add(clicks("m1", "ada@one.example", Verdict.HUMAN, Verdict.SUSPECTED))
    organisations.add(clicks("m2", "person-17", Verdict.BOT))
    organisations.add([])
    assert [] == organisations.scanned()
