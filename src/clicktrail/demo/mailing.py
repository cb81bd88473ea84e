"""Send the campaign through the relay, as any program sends mail."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Final

import aiosmtplib

from clicktrail.demo.newsletter import SENDER, build_newsletter
from clicktrail.demo.population.crowd import Recipient

__all__ = ["send_campaign"]

_CONNECTION_COUNT: Final = 4


async def send_campaign(
    recipients: Sequence[Recipient], *, relay: str, site_origin: str, on_sent: Callable[[int], None]
) -> None:
    """Send the newsletter to everyone.

    Args:
        recipients: the mailing list.
        relay: its address, ``host:port``.
        site_origin: the origin of the shop's site.
        on_sent: told how many messages the relay took so far, after each.

    Raises:
        aiosmtplib.SMTPException: a message was refused.
    """
    host, _, port = relay.rpartition(":")
    sent = itertools.count(1)

    async def send(share: Sequence[Recipient]) -> None:
        client = aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False, local_hostname="shop.example")
        async with client:
            for reader in share:
                message = build_newsletter(reader.address, first_name=reader.first_name, site_origin=site_origin)
                await client.sendmail(SENDER, [reader.address], message)
                on_sent(next(sent))

    async with asyncio.TaskGroup() as sending:
        for number in range(_CONNECTION_COUNT):
            sending.create_task(send(recipients[number::_CONNECTION_COUNT]))
