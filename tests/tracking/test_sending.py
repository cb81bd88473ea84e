from datetime import UTC, datetime

from clicktrail.tracking import Sending


def test_unnamed_it_says_nothing_of_its_recipient() -> None:
    """Neither id nor minute leads to the mail server's log; what is the same for all of the campaign stays."""
    sending = Sending(
        message_id="m1",
        sent_at=datetime(2026, 11, 24, 1, 30, 5, 7, tzinfo=UTC),
        recipient="anna",
        campaign="winter",
        anonymous_id="x7",
    )
    assert (
        Sending(message_id="x7", sent_at=datetime(2026, 11, 24, 1, tzinfo=UTC), campaign="winter", anonymous_id="x7")
        == sending.unnamed()
    )
