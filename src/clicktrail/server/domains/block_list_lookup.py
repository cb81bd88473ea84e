"""Ask block lists about a domain. They learn which domains you use, so they are only asked on demand."""

import asyncio

from clicktrail.server.domains.dns_client import DnsClient
from clicktrail.server.domains.dns_records import read_resolver_answer
from clicktrail.server.pipeline.block_lists import BLOCK_LISTS, BlockList, BlockListAnswer, read_listing
from clicktrail.server.pipeline.public_suffixes import find_organisational_domain


async def ask_block_lists(host: str, *, client: DnsClient) -> list[BlockListAnswer]:
    """Ask all block lists about the organisational domain of a host."""
    domain = find_organisational_domain(host)
    return await asyncio.gather(*(_ask(client, block_list, domain) for block_list in BLOCK_LISTS))


async def _ask(client: DnsClient, block_list: BlockList, domain: str) -> BlockListAnswer:
    name = f"{domain}.{block_list.zone}"
    reply = await client.resolve(name, "A")
    addresses = read_resolver_answer(name, [reply]).addresses
    return BlockListAnswer(
        block_list=block_list,
        domain=domain,
        listing=read_listing(addresses, is_answered=reply.is_usable),
        found=", ".join(sorted(map(str, addresses))[:4]) or reply.rcode,
    )
