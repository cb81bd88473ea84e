"""Sending the campaign."""

import aiosmtplib
import pytest

from clicktrail.demo.mailing import send_campaign
from clicktrail.demo.population.crowd import Population
from clicktrail.demo.sink import Sink


async def test_every_reader_gets_the_letter_once() -> None:
    readers = Population(seed=1, recipient_count=50, window_s=40).recipients
    sent: list[int] = []
    async with Sink() as sink:
        await send_campaign(readers, relay=sink.address, site_origin="http://127.0.0.1:8080", on_sent=sent.append)
    assert sorted((reader.address,) for reader in readers) == sorted(message.recipients for message in sink.messages)
    assert list(range(1, len(readers) + 1)) == sent
    names = {reader.address: reader.first_name for reader in readers}
    assert all(f"Dear {names[message.recipients[0]]},".encode() in message.content for message in sink.messages)


async def test_a_refusal_is_not_passed_over() -> None:
    readers = Population(seed=1, recipient_count=50, window_s=40).recipients
    async with Sink() as sink:
        sink.data_refusal = "554 5.7.1 No"
        with pytest.raises(ExceptionGroup) as refusals:
            await send_campaign(readers, relay=sink.address, site_origin="http://127.0.0.1:8080", on_sent=print)
    assert refusals.group_contains(aiosmtplib.SMTPDataError)
