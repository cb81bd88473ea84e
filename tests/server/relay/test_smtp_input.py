import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.relay.smtp_input import MAX_COMMAND_BYTES, Command, Message, SmtpInput, escape_dots

FRAGMENTS = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"..", b"\r\n.\r\n", b"\x00\xff"])).map(
    b"".join
)


def feed(data: bytes, *, piece_size: int, max_message_bytes: int = 1_000_000) -> SmtpInput:
    smtp_input = SmtpInput(max_message_bytes=max_message_bytes)
    for start in range(0, len(data), piece_size):
        smtp_input.feed(data[start : start + piece_size])
    return smtp_input


def read_message(data: bytes, *, piece_size: int, max_message_bytes: int = 1_000_000) -> tuple[Message | None, bytes]:
    """The message in the data, read piece by piece, and the verb of the command behind it."""
    smtp_input = SmtpInput(max_message_bytes=max_message_bytes)
    message: Message | None = None
    for start in range(0, len(data), piece_size):
        smtp_input.feed(data[start : start + piece_size])
        message = message or smtp_input.next_message()
    smtp_input.feed(b"QUIT\r\n")
    command = smtp_input.next_command() if message else None
    return message, command.verb.encode() if command else b""


@given(FRAGMENTS, st.integers(1, 9))
def test_sent_message_is_received_however_it_is_cut(content: bytes, piece_size: int) -> None:
    normalized = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if normalized and not normalized.endswith(b"\r\n"):
        normalized += b"\r\n"

    message, command = read_message(escape_dots(normalized), piece_size=piece_size)

    assert (Message(normalized), b"QUIT") == (message, command)


@given(FRAGMENTS, st.integers(1, 9))
def test_received_message_has_no_bare_line_ending_and_no_end_of_data(data: bytes, piece_size: int) -> None:
    message, _ = read_message(data + b"\r\n.\r\n", piece_size=piece_size)

    assert message
    rest = message.content.replace(b"\r\n", b"")
    assert b"\r" not in rest
    assert b"\n" not in rest


@pytest.mark.parametrize("piece_size", [1, 7, 1000])
def test_message_that_is_too_large_is_discarded_to_its_end(piece_size: int) -> None:
    message, command = read_message(b"x" * 900 + b"\r\n.\r\n", piece_size=piece_size, max_message_bytes=100)

    assert (Message(b"", is_too_large=True), b"QUIT") == (message, command)


@pytest.mark.parametrize("piece_size", [1, 7, 100_000])
def test_command_line_that_is_too_long_is_discarded_to_its_end(piece_size: int) -> None:
    smtp_input = SmtpInput(max_message_bytes=100)
    data = b"x" * (MAX_COMMAND_BYTES + 1) + b"\r\nNOOP\r\n"
    commands: list[Command] = []
    for start in range(0, len(data), piece_size):
        smtp_input.feed(data[start : start + piece_size])
        while command := smtp_input.next_command():
            commands.append(command)

    assert [Command(""), Command("NOOP")] == commands


def test_pipelined_commands_are_read_one_after_the_other() -> None:
    smtp_input = feed(b"mail FROM:<>\r\nRCPT TO:<a@b>\nDATA\r\n", piece_size=100)

    commands = [smtp_input.next_command() for _ in range(4)]

    assert [Command("MAIL", b"FROM:<>"), Command("RCPT", b"TO:<a@b>"), Command("DATA"), None] == commands


def test_recipients_that_have_arrived_are_read_together() -> None:
    smtp_input = feed(b"MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nrcpt TO:<c@d>\r\nRCPTX\r\nRCPT TO:<e@", piece_size=7)

    assert [] == smtp_input.next_recipients()
    assert Command("MAIL", b"FROM:<>") == smtp_input.next_command()
    assert [Command("RCPT", b"TO:<a@b>"), Command("RCPT", b"TO:<c@d>")] == smtp_input.next_recipients()
    assert Command("RCPTX") == smtp_input.next_command()
    assert [] == smtp_input.next_recipients()
    smtp_input.feed(b"f>\r\n")
    assert [Command("RCPT", b"TO:<e@f>")] == smtp_input.next_recipients()
