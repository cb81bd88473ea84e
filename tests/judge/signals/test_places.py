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
