"""Find out whether the recipients of a message may be tracked."""

from collections.abc import Sequence
from dataclasses import replace

from clicktrail.model.consent import Consent
from clicktrail.server.pipeline.instructions import Instructions
from clicktrail.server.ports import Consents

__all__ = ["with_consent"]


async def with_consent(asked: Instructions, recipients: Sequence[str], consents: Consents) -> Instructions:
    """The instructions with the consent that the sender has not told, if the recipients have.

    Several recipients get one body, so that the strictest counts: who denies, then who was never asked.

    Args:
        asked: the sender's instructions; a recipient whom they name stands for all.
        recipients: the envelope's.
        consents: what is known of recipients.

    Raises:
        StorageError: nobody can tell just now.
    """
    if asked.told_consent is not None:
        return asked
    found = [await consents.find(recipient) for recipient in ([asked.recipient] if asked.recipient else recipients)]
    if Consent.DENIED in found:
        return replace(asked, consent=Consent.DENIED)
    granted = bool(found) and set(found) == {Consent.GRANTED}
    return replace(asked, consent=Consent.GRANTED if granted else Consent.UNKNOWN)
