import pytest
from msgspec.structs import replace

from tests.support.events import AZURE_IP, BARRACUDA_IP, HOME_IP, click, delivered, sent, sweep
from tests.support.signals import evaluate_signal


def test_burst_matches() -> None:
    clicks = sweep(40, links=7, gap=0.1)
    assert evaluate_signal("burst", *clicks) == {click_.id: "7 links in 0.6 s" for click_ in clicks}


@pytest.mark.parametrize("ip", ["198.51.100.{}", "2001:db8:1:{}::1", "20.{}.64.1", "198.18.{}.1", ""])
def test_burst_matches_across_addresses(ip: str) -> None:
    clicks = [click(40 + 0.2 * link, link=link, ip=ip.format(40 + link)) for link in range(3)]
    assert set(evaluate_signal("burst", *clicks)) == {click_.id for click_ in clicks}


def test_burst_matches_on_head_requests() -> None:
    clicks = [replace(click_, method="HEAD") for click_ in sweep(40, links=3, gap=0.1)]
    assert set(evaluate_signal("burst", *clicks)) == {click_.id for click_ in clicks}


@pytest.mark.parametrize("gap", [0.35, 0.7])
def test_burst_does_not_match(gap: float) -> None:
    assert evaluate_signal("burst", *sweep(3_600, links=8, gap=gap)) == {}


def test_burst_does_not_match_on_one_link() -> None:
    assert evaluate_signal("burst", *(click(3_600 + 0.1 * again) for again in range(3))) == {}


def test_burst_does_not_match_on_later_click() -> None:
    assert "person" not in evaluate_signal(
        "burst", *sweep(40, links=7, gap=0.1, ip=AZURE_IP), click(43, link=2, id="person")
    )


def test_burst_does_not_match_on_prefetches() -> None:
    prefetches = [replace(click_, headers={"purpose": "prefetch"}) for click_ in sweep(3_600, links=5, gap=0.01)]
    assert evaluate_signal("burst", *prefetches, click(3_600.1, link=6)) == {}


def test_burst_distinguishes_links_without_positions() -> None:
    clicks = [replace(click_, link=-1) for click_ in sweep(40, links=4, gap=0.1)]
    assert evaluate_signal("burst", *clicks) == {click_.id: "4 links in 0.3 s" for click_ in clicks}


def test_fast_matches() -> None:
    events = (sent(), delivered(900), click(900.8, id="c"))
    assert evaluate_signal("fast", *events) == {"c": "0.8 s after the message arrived"}


def test_fast_matches_before_delivery() -> None:
    events = (sent(), delivered(900), click(30, id="c"))
    assert evaluate_signal("fast", *events) == {"c": "870.0 s before the message arrived"}


def test_fast_matches_without_delivery() -> None:
    assert evaluate_signal("fast", sent(), click(1.5, id="c")) == {"c": "1.5 s after the message arrived"}


def test_fast_does_not_match() -> None:
    assert evaluate_signal("fast", sent(), delivered(1), click(5)) == {}


def test_fast_does_not_match_without_arrival_time() -> None:
    assert evaluate_signal("fast", click(0)) == {}


def test_all_links_matches() -> None:
    clicks = sweep(100, links=12, gap=4)
    assert evaluate_signal("all-links", sent(links=12), *clicks) == {
        click_.id: "all 12 links in 44 s" for click_ in clicks
    }


def test_all_links_does_not_match() -> None:
    assert evaluate_signal("all-links", sent(links=12), *sweep(100, links=11, gap=1)) == {}


def test_all_links_does_not_match_on_short_messages() -> None:
    assert evaluate_signal("all-links", sent(links=3), *sweep(100, links=3, gap=5)) == {}


def test_all_links_does_not_match_over_time() -> None:
    assert evaluate_signal("all-links", sent(links=5), *sweep(100, links=5, gap=50)) == {}


def test_all_links_does_not_match_without_a_count() -> None:
    assert evaluate_signal("all-links", *sweep(100, links=8, gap=1)) == {}


def test_burst_matches_across_networks_and_agents() -> None:
    clicks = [click(40 + 0.2 * link, link=link, ip=f"198.18.{link}.1", agent=f"Browser {link}") for link in range(3)]
    assert set(evaluate_signal("burst", *clicks)) == {click_.id for click_ in clicks}


@pytest.mark.parametrize("scanners", [AZURE_IP, "20.{}.64.1", "198.18.{}.1"])
def test_burst_does_not_match_on_another_browser_during_the_scan(scanners: str) -> None:
    clicks = [click(40 + 0.1 * link, link=link, ip=scanners.format(40 + link), agent="Scanner") for link in range(6)]
    assert set(evaluate_signal("burst", *clicks, click(40.25, link=7, id="person"))) == {click_.id for click_ in clicks}


def test_datacentre_burst_matches() -> None:
    clicks = sweep(400, links=4, gap=3, ip=AZURE_IP)
    assert evaluate_signal("datacentre-burst", *clicks) == {
        click_.id: "4 links in 9.0 s from a data centre" for click_ in clicks
    }


def test_datacentre_burst_matches_on_three() -> None:
    assert len(evaluate_signal("datacentre-burst", *sweep(400, links=3, gap=1.5, ip=AZURE_IP))) == 3


def test_datacentre_burst_does_not_match() -> None:
    assert (
        evaluate_signal("datacentre-burst", *sweep(400, links=8, gap=0.7), *sweep(900, links=2, gap=0.1, ip=AZURE_IP))
        == {}
    )


@pytest.mark.parametrize(("links", "followed"), [(4, 3), (8, 4)])
def test_datacentre_many_links_matches(links: int, followed: int) -> None:
    clicks = [click(100 + 180 * link, link=link, ip=(AZURE_IP, "34.1.2.3")[link % 2]) for link in range(followed)]
    detail = f"{followed} of {links} links from data centres"
    assert evaluate_signal("datacentre-many-links", sent(links=links), *clicks) == {
        click_.id: detail for click_ in clicks
    }


def test_datacentre_many_links_does_not_match() -> None:
    assert [
        evaluate_signal("datacentre-many-links", sent(links=5), *sweep(100, links=5, gap=60)),
        evaluate_signal("datacentre-many-links", sent(links=4), *sweep(100, links=2, gap=60, ip=AZURE_IP)),
        evaluate_signal("datacentre-many-links", sent(links=8), *sweep(100, links=3, gap=60, ip=AZURE_IP)),
        evaluate_signal("datacentre-many-links", sent(links=3), *sweep(100, links=3, gap=60, ip=AZURE_IP)),
        evaluate_signal("datacentre-many-links", sent(links=5), *sweep(100, links=5, gap=900, ip=AZURE_IP)),
    ] == [{}, {}, {}, {}, {}]


@pytest.mark.parametrize(
    ("seconds", "ip", "detail"),
    [
        (5, HOME_IP, "5.0 s after the message arrived"),
        (43, AZURE_IP, "43.0 s after the message arrived"),
        (290, BARRACUDA_IP, "290.0 s after the message arrived"),
    ],
)
def test_early_matches(seconds: float, ip: str, detail: str) -> None:
    assert evaluate_signal("early", sent(), click(seconds, ip=ip, id="c")) == {"c": detail}


@pytest.mark.parametrize(("seconds", "ip"), [(1, HOME_IP), (11, HOME_IP), (301, AZURE_IP)])
def test_early_does_not_match(seconds: float, ip: str) -> None:
    assert evaluate_signal("early", sent(), click(seconds, ip=ip)) == {}


def test_all_links_does_not_match_on_another_browser_during_the_scan() -> None:
    clicks = [click(40 + link, link=link, ip=AZURE_IP, agent="Scanner") for link in range(6)]
    assert set(evaluate_signal("all-links", sent(links=6), *clicks, click(43, id="person"))) == {
        click_.id for click_ in clicks
    }


def test_serial_sweep_matches() -> None:
    clicks = sweep(7_200, links=6, gap=120)
    detail = "6 of 6 links one after the other in 10 min"
    assert evaluate_signal("serial-sweep", sent(links=6), *clicks) == {click_.id: detail for click_ in clicks}


def test_serial_sweep_matches_without_the_unsubscribe_link() -> None:
    assert len(evaluate_signal("serial-sweep", sent(links=7), *sweep(7_200, links=6, gap=120))) == 6


def test_serial_sweep_matches_with_changing_addresses_of_an_ipv6_subnet() -> None:
    clicks = [click(7_200 + 90 * link, link=link, ip=f"2003:ea:1:2::{link + 7}") for link in range(5)]
    assert len(evaluate_signal("serial-sweep", sent(links=5), *clicks)) == 5


@pytest.mark.parametrize("seconds", [-900, -100, 200, 1_000, 18_000])
def test_serial_sweep_does_not_match_a_fast_scan_and_a_person(seconds: float) -> None:
    scan = sweep(7_200, links=6, gap=0.4)
    assert evaluate_signal("serial-sweep", sent(links=6), *scan[:5], click(7_200 + seconds, link=5)) == {}
    assert evaluate_signal("serial-sweep", sent(links=6), *scan, click(7_200 + seconds, link=2)) == {}


def test_serial_sweep_matches_from_changing_addresses_of_a_data_centre() -> None:
    clicks = [click(7_200 + 90 * link, link=link, ip=f"20.50.{link}.7") for link in range(5)]
    assert len(evaluate_signal("serial-sweep", sent(links=5), *clicks)) == 5


def test_serial_sweep_does_not_match() -> None:
    two_readers = [click(7_200 + 90 * link, link=link, agent=f"Browser {link % 2}") for link in range(6)]
    assert [
        evaluate_signal("serial-sweep", sent(links=8), *sweep(7_200, links=6, gap=120)),
        evaluate_signal("serial-sweep", sent(links=4), *sweep(7_200, links=3, gap=120)),
        evaluate_signal("serial-sweep", sent(links=6), *sweep(7_200, links=6, gap=20)),
        evaluate_signal("serial-sweep", sent(links=3), *sweep(7_200, links=3, gap=120)),
        evaluate_signal("serial-sweep", sent(links=6), *two_readers),
        evaluate_signal("serial-sweep", sent(links=4), *sweep(7_200, links=4, gap=20_000)),
    ] == [{}] * 6


def test_datacentre_many_links_does_not_match_a_person_with_another_browser() -> None:
    scan = [click(100 + 20 * link, link=link, ip=AZURE_IP, agent="Scanner") for link in range(6)]
    person = click(420, link=2, ip="20.50.60.70", id="person")
    matches = evaluate_signal("datacentre-many-links", sent(links=8), *scan, person)
    assert matches.keys() == {click_.id for click_ in scan}


def test_datacentre_many_links_matches_a_scanner_with_another_browser_for_each_link() -> None:
    scan = [click(100 + 20 * link, link=link, ip=f"20.50.{link}.70", agent=f"Phone {link}") for link in range(6)]
    assert len(evaluate_signal("datacentre-many-links", sent(links=8), *scan)) == 6
