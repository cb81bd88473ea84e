from msgspec.structs import replace

from clicktrail.model.event import Click
from tests.support.events import AZURE_IP, BARRACUDA_IP, CHROME_AGENT, HOME_IP, click
from tests.support.signals import evaluate_signal


def test_mail_security_network_matches() -> None:
    assert evaluate_signal("mail-security-network", click(ip=BARRACUDA_IP, id="c")) == {
        "c": "network Barracuda AS15324"
    }


def test_mail_security_network_does_not_match() -> None:
    assert evaluate_signal("mail-security-network", click(ip=AZURE_IP), click(ip=HOME_IP)) == {}


def test_datacentre_network_matches() -> None:
    assert evaluate_signal("datacentre-network", click(ip=AZURE_IP, id="c")) == {"c": "network Microsoft AS8075"}


def test_datacentre_network_does_not_match() -> None:
    assert evaluate_signal("datacentre-network", click(ip=HOME_IP), click(ip=""), click(ip="no address")) == {}


def scattered(*, links: int, gap: float, recipient: str = "ann@example.com") -> list[Click]:
    """Each link followed from another country's network."""
    clicks = [click(600 + gap * link, link=link, ip=f"{80 + link}.1.2.3") for link in range(links)]
    return [replace(click_, recipient=recipient) for click_ in clicks]


def test_many_networks_matches() -> None:
    clicks = scattered(links=5, gap=2)
    assert evaluate_signal("many-networks", *clicks) == {click_.id: "from 5 networks in 8 s" for click_ in clicks}
    slower = scattered(links=6, gap=50)
    assert evaluate_signal("many-networks", *slower) == {click_.id: "from 6 networks in 250 s" for click_ in slower}


def test_many_networks_does_not_match() -> None:
    assert evaluate_signal("many-networks", *scattered(links=5, gap=2, recipient="")) == {}
    assert evaluate_signal("many-networks", *scattered(links=2, gap=1)) == {}
    assert evaluate_signal("many-networks", *scattered(links=5, gap=80)) == {}
    assert evaluate_signal("many-networks", *(replace(click_, link=0) for click_ in scattered(links=5, gap=2))) == {}


def test_many_networks_does_not_match_on_a_slow_carrier() -> None:
    clicks = [click(600 + 20 * link, link=link, ip=f"172.{56 + link}.2.3") for link in range(6)]
    assert evaluate_signal("many-networks", *(replace(click_, recipient="ann@example.com") for click_ in clicks)) == {}


def test_many_networks_does_not_match_on_another_browser() -> None:
    person = replace(click(604, id="person", agent="another"), recipient="ann@example.com")
    assert "person" not in evaluate_signal("many-networks", *scattered(links=5, gap=2), person)
    readers = [replace(click_, user_agent=f"browser {click_.link}") for click_ in scattered(links=6, gap=50)]
    assert evaluate_signal("many-networks", *readers) == {}


def rented(*, links: int, gap: float, addresses: int = 9, agent: str = CHROME_AGENT) -> list[Click]:
    """Each link followed from click_ of so many machines in Azure, click_ after the other."""
    return [
        click(600 + gap * link, link=link, ip=f"40.94.{16 + link % addresses}.7", agent=agent) for link in range(links)
    ]


def test_datacentre_many_networks_matches() -> None:
    clicks = rented(links=4, gap=900)
    assert evaluate_signal("datacentre-many-networks", *clicks) == {
        click_.id: "from 4 networks in data centres" for click_ in clicks
    }


def test_datacentre_many_networks_does_not_match() -> None:
    colleagues = [
        click_ for number in range(3) for click_ in rented(links=number + 1, gap=9, agent=f"{number}")[number:]
    ]
    at_home = [replace(click_, ip=click_.ip.replace("40.94", "172.56")) for click_ in rented(links=5, gap=9)]
    neighbours = [replace(click_, ip=f"40.94.16.{click_.link}") for click_ in rented(links=5, gap=9)]
    assert [
        evaluate_signal("datacentre-many-networks", *neighbours),
        evaluate_signal("datacentre-many-networks", *at_home),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=9, addresses=2)),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=86_400)),
        evaluate_signal("datacentre-many-networks", *colleagues),
        evaluate_signal("datacentre-many-networks", *(replace(click_, link=0) for click_ in rented(links=5, gap=9))),
    ] == [{}] * 6
