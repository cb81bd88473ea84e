from msgspec.structs import replace

from clicktrail.model.event import Click
from tests.clicks import AZURE, BARRACUDA, HOME, click
from tests.judge.signals.speaking import spoken


def test_mail_security_network_fires() -> None:
    """Barracuda's addresses are known."""
    assert {"c": "network Barracuda AS15324"} == spoken("mail-security-network", click(ip=BARRACUDA, id="c"))


def test_mail_security_network_is_silent() -> None:
    """A data centre is another signal's business."""
    assert {} == spoken("mail-security-network", click(ip=AZURE), click(ip=HOME))


def test_datacentre_network_fires() -> None:
    """Microsoft's addresses are known."""
    assert {"c": "network Microsoft AS8075"} == spoken("datacentre-network", click(ip=AZURE, id="c"))


def test_datacentre_network_is_silent() -> None:
    """Someone at home, and someone whose address nobody told us."""
    assert {} == spoken("datacentre-network", click(ip=HOME), click(ip=""), click(ip="no address"))


def scattered(*, links: int, gap: float, recipient: str = "ann@example.com") -> list[Click]:
    """Each link followed from another country's network."""
    clicks = [click(600 + gap * link, link=link, ip=f"{80 + link}.1.2.3") for link in range(links)]
    return [replace(one, recipient=recipient) for one in clicks]


def test_many_networks_fires() -> None:
    """A scanner that hires home lines, as slow as a hand."""
    clicks = scattered(links=5, gap=2)
    assert {one.id: "from 5 networks in 8 s" for one in clicks} == spoken("many-networks", *clicks)


def test_many_networks_is_silent() -> None:
    """A message to several people, someone who changes from Wi-Fi to the phone's network, and a double click."""
    assert {} == spoken("many-networks", *scattered(links=5, gap=2, recipient=""))
    assert {} == spoken("many-networks", *scattered(links=2, gap=1))
    assert {} == spoken("many-networks", *scattered(links=5, gap=60))
    assert {} == spoken("many-networks", *(replace(one, link=0) for one in scattered(links=5, gap=2)))
