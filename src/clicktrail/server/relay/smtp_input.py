"""Split what an SMTP client sends into commands and messages, without I/O (RFC 5321 section 4.1.1).

The caller feeds bytes as they arrive and asks for a command or, after its 354 reply, for a message. Each byte is looked
at a constant number of times, however the client cuts its lines.
"""

from dataclasses import dataclass

MAX_COMMAND_BYTES = 4096
"""Size of a command line. RFC 5321 section 4.5.3.1.4 asks for 512, and extensions add to it (RFC 3461, RFC 6531)."""

END_OF_DATA = b".\r\n"
_END_OF_MESSAGE = b"\r\n" + END_OF_DATA


@dataclass(frozen=True, slots=True)
class Command:
    """A command line.

    Attributes:
        verb: first word in upper case; empty if the line is too long.
        argument: the rest, without surrounding white space.
    """

    verb: str
    argument: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """The data of a message.

    Attributes:
        content: the message with CRLF line endings, escaped dots restored; empty if it is too large.
    """

    content: bytes
    is_too_large: bool = False


class SmtpInput:
    """The bytes that one client sends.

    Args:
        max_message_bytes: size of a message; the rest of a larger one is read and discarded.
    """

    def __init__(self, *, max_message_bytes: int) -> None:
        self._max_message_bytes = max_message_bytes
        self._buffer = bytearray()
        self._searched_bytes = 0
        self._is_discarding = False

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._buffer += data

    def next_command(self) -> Command | None:
        """Return the next command; None if its line is incomplete."""
        end = self._buffer.find(b"\n", self._searched_bytes)
        if end < 0:
            if len(self._buffer) > MAX_COMMAND_BYTES:
                self._buffer.clear()
                self._is_discarding = True
            self._searched_bytes = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        is_too_long = self._is_discarding or len(line) > MAX_COMMAND_BYTES
        self._remove(end + 1)
        if is_too_long:
            return Command("")
        verb, _, argument = line.strip().partition(b" ")
        return Command(verb.decode("ascii", "replace").upper(), argument.strip())

    def next_recipients(self) -> list[Command]:
        """Return the RCPT commands that come next, as far as they have arrived."""
        commands: list[Command] = []
        while self._buffer[:5].upper() == b"RCPT " and (command := self.next_command()):
            commands.append(command)
        return commands

    def next_message(self) -> Message | None:
        """Return the message whose data the client sends; None if it is incomplete.

        Only a dot between two CRLF ends it, and bare carriage returns and newlines become CRLF: servers that disagree
        about them can be tricked into seeing two messages in one (SMTP smuggling; RFC 5321 section 2.3.8).
        """
        if self._buffer.startswith(END_OF_DATA) and not self._is_discarding:
            end, content_end = 3, 0
        elif (found := self._buffer.find(_END_OF_MESSAGE, self._searched_bytes)) >= 0:
            end, content_end = found + len(_END_OF_MESSAGE), found + 2
        else:
            if self._is_discarding or len(self._buffer) > self._max_message_bytes + len(_END_OF_MESSAGE):
                self._is_discarding = True
                del self._buffer[: -len(_END_OF_MESSAGE) + 1]
            self._searched_bytes = max(0, len(self._buffer) - len(_END_OF_MESSAGE) + 1)
            return None
        content = b"" if self._is_discarding else bytes(self._buffer[:content_end])
        is_too_large = self._is_discarding
        self._remove(end)
        if not is_too_large:
            content = _normalize_line_endings(_unescape_dots(content))
        if is_too_large or len(content) > self._max_message_bytes:
            return Message(b"", is_too_large=True)
        return Message(content)

    def _remove(self, size: int) -> None:
        del self._buffer[:size]
        self._searched_bytes = 0
        self._is_discarding = False


def escape_dots(content: bytes) -> bytes:
    """Return the data to send for a message with CRLF line endings, with the final dot (RFC 5321 section 4.5.2)."""
    data = content.replace(b"\r\n.", b"\r\n..")
    if data.startswith(b"."):
        data = b"." + data
    return data + (END_OF_DATA if not data or data.endswith(b"\r\n") else _END_OF_MESSAGE)


def _unescape_dots(data: bytes) -> bytes:
    return data.removeprefix(b".").replace(b"\r\n.", b"\r\n")


def _normalize_line_endings(content: bytes) -> bytes:
    crlf_count = content.count(b"\r\n")
    if crlf_count == content.count(b"\r") == content.count(b"\n"):
        return content
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
