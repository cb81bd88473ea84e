import pytest

from clicktrail.server.relay.replies import Reply


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (Reply(250, "OK"), "250 OK"),
        (Reply(550, "first\nsecond"), "550-first\r\n550 second"),
        (Reply(250, ""), "250 "),
    ],
)
def test_replies_are_written_as_the_standard_wants(reply: Reply, line: str) -> None:
    """Every line but the last has a hyphen behind its code (RFC 5321 section 4.2.1)."""
    assert line == str(reply)


@pytest.mark.parametrize(("code", "positive"), [(250, True), (251, True), (354, False), (451, False), (550, False)])
def test_only_completion_is_positive(code: int, positive: bool) -> None:
    """A sender may forget a message only after a reply of the 200s."""
    assert positive == Reply(code, "").positive
