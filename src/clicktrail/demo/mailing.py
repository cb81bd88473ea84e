"""Send the campaign through the relay, as any program sends mail."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Final

import aiosmtplib

from clicktrail.demo.newsletter import SENDER, newsletter
from clicktrail.demo.population.crowd import Reader

__all__ = ["send_campaign"]

_CONNECTIONS: Final = 4


async def send_campaign(readers: Sequence[Reader], *, relay: str, site: str, on_sent: Callable[[int], None]) -> None:
    """Send the newsletter to everyone.

    Args:
        readers: the mailing list.
        relay: its address, ``host:port``.
        site: the origin of the shop's site.
        on_sent: told how many messages the relay took so far, after each.

    Raises:
        aiosmtplib.SMTPException: a message was refused.
    """
    host, _, port = relay.rpartition(":")
    sent = itertools.count(1)

    async def send(share: Sequence[Reader]) -> None:
        client = aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False, local_hostname="shop.example")
        async with client:
            for reader in share:
                message = newsletter(reader.address, first_name=reader.first_name, site=site)
                await client.sendmail(SENDER, [reader.address], message)
                on_sent(next(sent))

    async with asyncio.TaskGroup() as sending:
        for number in range(_CONNECTIONS):
            sending.create_task(send(readers[number::_CONNECTIONS]))
