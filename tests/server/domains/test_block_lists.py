"""Block lists: what they answer, through a resolver."""

from ipaddress import ip_address

import pytest

from clicktrail.server.domains.block_list_lookup import ask_block_lists
from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.pipeline.block_lists import Listing, read_listing
from tests.server.domains.zones import LIAR, SILENT
from tests.support.dns_network import LOOPBACK, RESOLVER, DnsNetwork

pytestmark = pytest.mark.allow_hosts(LOOPBACK)


@pytest.mark.parametrize(
    ("host", "resolver", "listing"),
    [
        ("links.listed.test", RESOLVER, Listing.LISTED),
        ("links.refused.test", RESOLVER, Listing.REFUSED),
        ("links.cname.test", RESOLVER, Listing.NOT_LISTED),
        ("links.cname.test", LIAR, Listing.UNANSWERED),
        ("links.cname.test", SILENT, Listing.UNANSWERED),
    ],
)
async def test_every_list_is_asked_about_the_organisational_domain(
    network: DnsNetwork, host: str, resolver: str, listing: Listing
) -> None:
    answers = await ask_block_lists(host, client=DnsClient(resolvers=(resolver,), port=network.port, timeout_s=1.0))

    assert [answer.block_list.title for answer in answers] == ["Spamhaus DBL", "SURBL", "URIBL"]
    assert {answer.domain for answer in answers} == {host.removeprefix("links.")}
    assert {answer.listing for answer in answers} == {listing}
    assert all(answer.found for answer in answers)


@pytest.mark.parametrize(
    ("address", "listing"),
    [
        ("127.0.1.2", Listing.LISTED),
        ("127.0.1.106", Listing.LISTED),
        ("127.0.0.2", Listing.LISTED),
        ("127.0.0.1", Listing.REFUSED),
        ("127.255.255.252", Listing.REFUSED),
        ("127.255.255.255", Listing.REFUSED),
        ("127.255.254.1", Listing.LISTED),
        ("203.0.113.1", Listing.UNANSWERED),
        ("::1", Listing.UNANSWERED),
    ],
)
def test_meaning_of_an_answer(address: str, listing: Listing) -> None:
    assert read_listing([ip_address(address)], is_answered=True) is listing
