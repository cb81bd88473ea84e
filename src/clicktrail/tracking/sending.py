"""What a sender says of one message that is to be tracked."""

from datetime import datetime

import msgspec

from clicktrail.model.consent import Consent

__all__ = ["Sending"]


class Sending(msgspec.Struct, frozen=True, kw_only=True):  # made for each recipient, in a tenth of a dataclass's time
    """What the links of one message carry beside where they lead.

    Attributes:
        message_id: an id of the caller's choice, another for each message.
        sent_at: aware; goes into the links in whole seconds.
        recipient: an address or, better, an opaque id; empty if the message goes to several.
        campaign: what reports group by, and what the convention puts into the links; empty if none.
        stream: what kind of message it is, such as ``password-reset``; empty if not said.
        medium: its ``utm_medium``, one of the convention's; empty for the convention's own.
        consent: whether the recipient has agreed to being tracked.
        anonymous_id: takes the place of ``message_id`` where the recipient must stay unknown: random, another for each
            message, and kept nowhere beside either. Empty, and clicks belong to no message: they are neither judged
            nor counted.
        short_code: `CODE_BITS` random bits, another for each message, whose links the caller keeps where the edge looks
            them up: then tracking URLs that a reader sees, or that would be too long, are short. None for none.
    """

    message_id: str
    sent_at: datetime
    recipient: str = ""
    campaign: str = ""
    stream: str = ""
    medium: str = ""
    consent: Consent = Consent.UNKNOWN
    anonymous_id: str = ""
    short_code: int | None = None

    def unnamed(self) -> "Sending":
        """The message as links and events may tell of it where its recipient is not to be known by name.

        Its id is the anonymous one, and of the time only the hour is left: the mail server's log tells who got a
        message in a certain second.
        """
        hour = self.sent_at.replace(minute=0, second=0, microsecond=0)
        return msgspec.structs.replace(self, message_id=self.anonymous_id, recipient="", sent_at=hour)
