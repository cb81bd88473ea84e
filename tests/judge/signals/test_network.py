from msgspec.structs import replace

from clicktrail.model.event import Click
from tests.support.events import AZURE_IP, BARRACUDA_IP, CHROME_AGENT, HOME_IP, click
from tests.support.signals import evaluate_signal


def test_mail_security_network_fires() -> None:
    assert {"c": "network Barracuda AS15324"} == evaluate_signal(
        "mail-security-network", click(ip=BARRACUDA_IP, id="c")
    )


def test_mail_security_network_is_silent() -> None:
    assert {} == evaluate_signal("mail-security-network", click(ip=AZURE_IP), click(ip=HOME_IP))


def test_datacentre_network_fires() -> None:
    assert {"c": "network Microsoft AS8075"} == evaluate_signal("datacentre-network", click(ip=AZURE_IP, id="c"))


def test_datacentre_network_is_silent() -> None:
    assert {} == evaluate_signal("datacentre-network", click(ip=HOME_IP), click(ip=""), click(ip="no address"))


def scattered(*, links: int, gap: float, recipient: str = "ann@example.com") -> list[Click]:
    """Each link followed from another country's network."""
    clicks = [click(600 + gap * link, link=link, ip=f"{80 + link}.1.2.3") for link in range(links)]
    return [replace(one, recipient=recipient) for one in clicks]


def test_many_networks_fires() -> None:
    clicks = scattered(links=5, gap=2)
    assert {one.id: "from 5 networks in 8 s" for one in clicks} == evaluate_signal("many-networks", *clicks)
    slower = scattered(links=6, gap=50)
    assert {one.id: "from 6 networks in 250 s" for one in slower} == evaluate_signal("many-networks", *slower)


def test_many_networks_is_silent() -> None:
    assert {} == evaluate_signal("many-networks", *scattered(links=5, gap=2, recipient=""))
    assert {} == evaluate_signal("many-networks", *scattered(links=2, gap=1))
    assert {} == evaluate_signal("many-networks", *scattered(links=5, gap=80))
    assert {} == evaluate_signal("many-networks", *(replace(one, link=0) for one in scattered(links=5, gap=2)))


def test_many_networks_is_silent_on_a_slow_carrier() -> None:
    clicks = [click(600 + 20 * link, link=link, ip=f"172.{56 + link}.2.3") for link in range(6)]
    assert {} == evaluate_signal("many-networks", *(replace(one, recipient="ann@example.com") for one in clicks))


def test_many_networks_is_silent_on_another_browser() -> None:
    person = replace(click(604, id="person", agent="another"), recipient="ann@example.com")
    assert "person" not in evaluate_signal("many-networks", *scattered(links=5, gap=2), person)
    readers = [replace(one, user_agent=f"browser {one.link}") for one in scattered(links=6, gap=50)]
    assert {} == evaluate_signal("many-networks", *readers)


def rented(*, links: int, gap: float, addresses: int = 9, agent: str = CHROME_AGENT) -> list[Click]:
    """Each link followed from one of so many machines in Azure, one after the other."""
    return [
        click(600 + gap * link, link=link, ip=f"40.94.{16 + link % addresses}.7", agent=agent) for link in range(links)
    ]


def test_datacentre_many_networks_fires() -> None:
    clicks = rented(links=4, gap=900)
    assert {one.id: "from 4 networks in data centres" for one in clicks} == evaluate_signal(
        "datacentre-many-networks", *clicks
    )


def test_datacentre_many_networks_is_silent() -> None:
    colleagues = [one for number in range(3) for one in rented(links=number + 1, gap=9, agent=f"{number}")[number:]]
    at_home = [replace(one, ip=one.ip.replace("40.94", "172.56")) for one in rented(links=5, gap=9)]
    neighbours = [replace(one, ip=f"40.94.16.{one.link}") for one in rented(links=5, gap=9)]
    assert [{}] * 6 == [
        evaluate_signal("datacentre-many-networks", *neighbours),
        evaluate_signal("datacentre-many-networks", *at_home),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=9, addresses=2)),
        evaluate_signal("datacentre-many-networks", *rented(links=5, gap=86_400)),
        evaluate_signal("datacentre-many-networks", *colleagues),
        evaluate_signal("datacentre-many-networks", *(replace(one, link=0) for one in rented(links=5, gap=9))),
    ]
