from datetime import date

import pytest

from clicktrail.errors import SettingsError
from clicktrail.judge.network_lists import ListedNetwork, build_table_from_list, parse_network_list
from clicktrail.judge.networks import NetworkClass, address_to_int

TODAY = date(2026, 11, 24)
AMAZON = """{"syncToken": "1", "createDate": "2026-11-24-00-00-00",
 "prefixes": [{"ip_prefix": "3.4.12.4/32", "region": "eu-west-1", "service": "AMAZON"}],
 "ipv6_prefixes": [{"ipv6_prefix": "2600:1f69:7400::/40", "region": "us-west-2", "service": "AMAZON"}]}"""
GOOGLE = """{"syncToken": "1", "creationTime": "2026-11-24T00:00:00.0",
 "prefixes": [{"ipv4Prefix": "34.1.208.0/20", "scope": "africa-south1"}, {"ipv6Prefix": "2600:1900:8000::/44"}]}"""
AZURE = """{"changeNumber": 1, "cloud": "Public", "values": [
 {"name": "ActionGroup", "properties": {"platform": "Azure", "addressPrefixes": ["4.145.74.52/30", "2603:1000::/47"]}},
 {"name": "AzureCloud", "properties": {"addressPrefixes": ["4.145.74.52/30"]}}]}"""
OWN = """[[networks]]
name = "our office"
class = "ours"
ranges = ["192.0.2.0/25"]
expires = 2027-01-01
"""


@pytest.mark.parametrize(
    ("text", "name", "network_class", "ranges"),
    [
        (AMAZON, "Amazon", NetworkClass.AWS, ("3.4.12.4/32", "2600:1f69:7400::/40")),
        (GOOGLE, "Google", NetworkClass.GOOGLE, ("34.1.208.0/20", "2600:1900:8000::/44")),
        (AZURE, "Microsoft", NetworkClass.MICROSOFT, ("4.145.74.52/30", "2603:1000::/47")),
    ],
)
def test_cloud_lists(text: str, name: str, network_class: NetworkClass, ranges: tuple[str, ...]) -> None:
    assert [
        (network.name, network.network_class, network.ranges) for network in parse_network_list(text) if network.ranges
    ] == [(name, network_class, ranges)]


def test_toml_list() -> None:
    expected = ListedNetwork(
        name="our office", network_class=NetworkClass.OURS, ranges=("192.0.2.0/25",), expires=date(2027, 1, 1)
    )
    assert parse_network_list(OWN) == (expected,)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("# ranges\n192.0.2.0/24\n\n2001:db8::/48 # comment\n", ("192.0.2.0/24", "2001:db8::/48")),
        ("network,asn,org\n192.0.2.0/24,64500,A\n", ("192.0.2.0/24",)),
        ('"192.0.2.0","192.0.2.9","A"\r\n', ("192.0.2.0-192.0.2.9",)),
        ("172.224.226.0/31,GB,GB-EN,London,\n", ("172.224.226.0/31",)),
        ("192.0.2.7\n", ("192.0.2.7",)),
    ],
)
def test_text_and_csv_lists(text: str, ranges: tuple[str, ...]) -> None:
    (network,) = parse_network_list(text, name="A", network_class=NetworkClass.VPN)
    assert (network.name, network.network_class, network.ranges) == ("A", NetworkClass.VPN, ranges)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the list has no address ranges"),
        ("<!doctype html>\n<title>Sign in</title>\n", "line 2"),
        ("192.0.2.0/24\n192.0.2.1/24\n", "line 2"),
        ("192.0.2.300/24\n192.0.2.0/24\n", "line 1"),
        ("2001:db8:0:1::/48\n192.0.2.0/24\n", "line 1"),
        ("0.0.0.0/0\n", "0.0.0.0/0 is larger than any network"),
        ("2000::/3\n", "2000::/3 is larger than any network"),
        ("{}", "the list has no address ranges"),
        ('{"prefixes": [{"ip_prefix": "x"}]}', "cannot be read: .*x"),
        ('{"prefixes": 1}', "prefixes must be a list"),
        ("{", "cannot be read"),
        (OWN.replace("ours", "others"), "class cannot be 'others'"),
        (OWN.replace("expires", "until"), "unknown key 'until'"),
        (OWN.replace("/25", "/24x"), "192.0.2.0/24x"),
    ],
)
def test_invalid_list(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_network_list(text, name="A", network_class=NetworkClass.DATACENTRE)


def test_text_list_without_name_and_class() -> None:
    with pytest.raises(SettingsError, match="needs the name and class") as caught:
        parse_network_list("192.0.2.0/24")
    assert caught.value.hint == "give --name and --class"


def test_expired_networks_are_ignored() -> None:
    before, after = (
        build_table_from_list(parse_network_list(OWN), today=day) for day in (date(2026, 12, 31), date(2027, 1, 1))
    )
    office = address_to_int("192.0.2.1")
    assert (str(before.find(office)), after.find(office)) == ("our office", None)
    assert before.version != after.version == build_table_from_list([], today=TODAY).version
