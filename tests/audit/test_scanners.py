"""Names of scanners, by what the judge saw of their clicks."""

import pytest
from msgspec.structs import replace

from clicktrail.audit.scanners import ScannerDirectory
from clicktrail.audit.scanners import _load_products as load_products
from clicktrail.judge import judge
from clicktrail.model.event import Click
from tests.support.events import AZURE_IP, BARRACUDA_IP, CHROME_AGENT, CONTEXT, click, sent, sweep, timeline

AMAZON_IP = "3.248.0.1"
HEADLESS = CHROME_AGENT.replace("Chrome/", "HeadlessChrome/")
DIRECTORY = ScannerDirectory(CONTEXT)


def identify(event: Click) -> tuple[str, str]:
    (judged,) = judge(timeline(sent(), event), CONTEXT)
    scanner = DIRECTORY.identify(judged)
    return scanner.vendor, scanner.product


@pytest.mark.parametrize(
    ("ip", "agent", "vendor", "product"),
    [
        (BARRACUDA_IP, CHROME_AGENT, "Barracuda", "Email Gateway Defense"),
        (BARRACUDA_IP, HEADLESS, "Barracuda", "calls itself HeadlessChrome"),
        (AZURE_IP, CHROME_AGENT, "Microsoft", "Defender for Office 365, or computers in Azure"),
        (AZURE_IP, HEADLESS, "Microsoft", "calls itself HeadlessChrome"),
        (AMAZON_IP, CHROME_AGENT, "Amazon", "computers in AWS, where several scanners run"),
        (AMAZON_IP, "python-requests/2.32", "python-requests", "a program that names itself"),
        (AMAZON_IP, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot", "link previews"),
        ("192.0.2.7", "curl/8.5", "curl", "a program that names itself"),
        ("192.0.2.7", "Barracuda Sentinel (EE)", "Barracuda", "Email Gateway Defense"),
    ],
)
def test_scanner_is_named_by_network_and_agent(ip: str, agent: str, vendor: str, product: str) -> None:
    assert identify(click(40, ip=ip, agent=agent)) == (vendor, product)


def test_scanner_without_known_network_and_name() -> None:
    judged = judge(timeline(sent(links=6), *sweep(40, links=6, gap=0.1)), CONTEXT)
    assert {DIRECTORY.identify(click) for click in judged} == {DIRECTORY.identify(judged[0])}
    assert DIRECTORY.identify(judged[0]).product == "recognised by its behaviour"
    assert DIRECTORY.name_vendor(judged[0]) == ""


def test_click_that_only_the_esp_flagged() -> None:
    event = replace(click(), esp="klaviyo", source="klaviyo", esp_bot=True)
    assert identify(event) == ("Not named", "flagged by the ESP")


def test_every_product_belongs_to_a_known_network_or_agent() -> None:
    networks = {network.name for table in CONTEXT.networks.tables for network in table.networks}
    agents = {"Cisco IronPort"}
    assert set(load_products()) - networks - agents == set()
    assert all(CONTEXT.agents.find(name.removeprefix("Cisco ")) for name in agents)
