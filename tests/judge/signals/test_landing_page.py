from msgspec.structs import replace

from tests.support.events import AZURE_IP, HOME_IP, click, engagement
from tests.support.signals import evaluate_signal

TABS = [click(3_600 + 2 * link, link=link, id=f"c{link}") for link in range(4)]


def test_engaged_matches() -> None:
    assert evaluate_signal("engaged", click(id="c"), engagement("c")) == {"c": "pressed, scrolled or typed"}


def test_engaged_matches_pages_used_one_after_the_other() -> None:
    engagements = [engagement(tab.id, seconds=3_610 + 3 * number) for number, tab in enumerate(TABS)]
    assert evaluate_signal("engaged", *TABS, *engagements).keys() == {tab.id for tab in TABS}


def test_engaged_matches_for_several_people_at_once() -> None:
    readers = [replace(tab, user_agent=f"browser {tab.link}") for tab in TABS]
    engagements = [engagement(reader.id, seconds=3_610) for reader in readers]
    assert evaluate_signal("engaged", *readers, *engagements).keys() == {reader.id for reader in readers}


def test_engaged_does_not_match() -> None:
    assert evaluate_signal("engaged", click(id="c"), engagement("c", kind="loaded"), engagement("other")) == {}


def test_engaged_does_not_match_on_several_pages_at_once() -> None:
    scanned = [replace(tab, ip=AZURE_IP) for tab in TABS]
    engagements = [engagement(tab.id, seconds=3_610 + 0.4 * number) for number, tab in enumerate(scanned)]
    assert evaluate_signal("engaged", *scanned, *engagements) == {}


def test_engaged_does_not_match_on_three_pages_within_minutes_from_a_data_centre() -> None:
    scanned = [replace(tab, ip=AZURE_IP) for tab in TABS]
    engagements = [engagement(tab.id, seconds=3_610 + 20 * number) for number, tab in enumerate(scanned)]
    assert evaluate_signal("engaged", *scanned, *engagements) == {}


def test_engaged_matches_a_person_at_a_cloud_desktop() -> None:
    read = [replace(tab, ip=AZURE_IP) for tab in TABS]
    slowly = [engagement(tab.id, seconds=3_610 + 400 * number) for number, tab in enumerate(read)]
    assert len(evaluate_signal("engaged", *read, *slowly)) == 4
    assert len(evaluate_signal("engaged", *read, engagement("c0", seconds=3_610), engagement("c1", seconds=3_630))) == 2


def test_engaged_matches_a_person_during_a_scan_with_the_same_browser() -> None:
    scan = [replace(tab, ip=AZURE_IP) for tab in TABS]
    assert evaluate_signal("engaged", *scan, engagement("c2")).keys() == {"c2"}


def test_no_engagement_matches() -> None:
    engagements = [engagement(tab.id, kind="loaded") for tab in TABS]
    detail = "4 landing pages loaded, no input on any"
    assert evaluate_signal("no-engagement", *TABS, *engagements) == {tab.id: detail for tab in TABS}


def test_no_engagement_does_not_match() -> None:
    engagements = [engagement(tab.id, kind="loaded") for tab in TABS]
    same_link = [replace(tab, link=0) for tab in TABS]
    other_visitors = [replace(tab, user_agent=f"browser {tab.link}") for tab in TABS]
    assert [
        evaluate_signal("no-engagement", *TABS[:2], *engagements),
        evaluate_signal("no-engagement", *TABS, *engagements, engagement("c2")),
        evaluate_signal("no-engagement", *same_link, *engagements),
        evaluate_signal("no-engagement", *other_visitors, *engagements),
        evaluate_signal("no-engagement", *TABS),
    ] == [{}] * 5


def test_no_engagement_does_not_match_behind_our_own_proxy() -> None:
    engagements = [engagement(tab.id, kind="loaded") for tab in TABS]
    assert evaluate_signal("no-engagement", *(replace(tab, ip="10.0.0.1") for tab in TABS), *engagements) == {}


def test_engaged_does_not_match_for_a_program_that_names_or_contradicts_itself() -> None:
    hints = {"sec-ch-ua": '"Chromium";v="156"', "sec-ch-ua-platform": '"Linux"'}
    contradictory = replace(click(id="c", ip=HOME_IP), headers=hints, https=True)
    assert [
        evaluate_signal("engaged", click(id="c", agent="python-requests/2.32.5"), engagement("c")),
        evaluate_signal("engaged", contradictory, engagement("c")),
    ] == [{}, {}]


def test_no_engagement_matches_pages_without_a_script_too() -> None:
    engagements = [engagement(tab.id, kind="loaded") for tab in TABS[:3]]
    assert evaluate_signal("no-engagement", *TABS, *engagements).keys() == {tab.id for tab in TABS}


def test_no_engagement_matches_a_scanner_despite_a_person_hours_later() -> None:
    scan = [replace(tab, ip=AZURE_IP) for tab in TABS]
    person = click(20_000, ip="20.50.60.70", id="person")
    engagements = [engagement(event.id, kind="loaded") for event in (*scan, person)]
    matches = evaluate_signal("no-engagement", *scan, person, *engagements, engagement("person", seconds=20_010))
    assert matches.keys() == {event.id for event in scan}


def test_no_engagement_does_not_match_a_person_in_the_same_cloud() -> None:
    scan = [replace(tab, ip=AZURE_IP) for tab in TABS]
    person = click(3_620, ip="20.50.60.70", agent="another browser", id="person")
    engagements = [engagement(event.id, kind="loaded") for event in (*scan, person)]
    assert "person" not in evaluate_signal("no-engagement", *scan, person, *engagements)
