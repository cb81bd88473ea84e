"""Send the newsletter through the relay over SMTP."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Final

import aiosmtplib

from clicktrail.demo.newsletter import SENDER, build_newsletter
from clicktrail.demo.population.crowd import Recipient

_CONNECTION_COUNT: Final = 4


async def send_campaign(
    recipients: Sequence[Recipient], *, relay: str, site_origin: str, on_sent: Callable[[int], None]
) -> None:
    """Send the newsletter to every recipient; ``on_sent`` is called with the number of messages sent so far.

    Raises:
        aiosmtplib.SMTPException: a message was refused.
    """
    host, _, port = relay.rpartition(":")
    sent_counts = itertools.count(1)

    async def send_all(connection_recipients: Sequence[Recipient]) -> None:
        client = aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False, local_hostname="shop.example")
        async with client:
            for recipient in connection_recipients:
                message = build_newsletter(recipient.address, first_name=recipient.first_name, site_origin=site_origin)
                await client.sendmail(SENDER, [recipient.address], message)
                on_sent(next(sent_counts))

    async with asyncio.TaskGroup() as tasks:
        for number in range(_CONNECTION_COUNT):
            tasks.create_task(send_all(recipients[number::_CONNECTION_COUNT]))
