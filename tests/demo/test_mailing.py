import aiosmtplib
import pytest

from clicktrail.demo.mailing import send_campaign
from clicktrail.demo.population.crowd import Population
from clicktrail.demo.sink import Sink


async def test_every_recipient_gets_one_message() -> None:
    recipients = Population(seed=1, recipient_count=50, window_s=40).recipients
    sent_counts: list[int] = []
    async with Sink() as sink:
        await send_campaign(
            recipients, relay=sink.address, site_origin="http://127.0.0.1:8080", on_sent=sent_counts.append
        )
    assert sorted((recipient.address,) for recipient in recipients) == sorted(
        message.recipients for message in sink.messages
    )
    assert list(range(1, len(recipients) + 1)) == sent_counts
    names = {recipient.address: recipient.first_name for recipient in recipients}
    assert all(f"Dear {names[message.recipients[0]]},".encode() in message.content for message in sink.messages)


async def test_refused_message_raises() -> None:
    recipients = Population(seed=1, recipient_count=50, window_s=40).recipients
    async with Sink() as sink:
        sink.data_refusal = "554 5.7.1 No"
        with pytest.raises(ExceptionGroup) as caught:
            await send_campaign(recipients, relay=sink.address, site_origin="http://127.0.0.1:8080", on_sent=print)
    assert caught.group_contains(aiosmtplib.SMTPDataError)
