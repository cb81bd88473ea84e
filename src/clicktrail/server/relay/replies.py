"""What the relay answers, in SMTP's words."""

from dataclasses import dataclass

_POSITIVE = range(200, 300)
"""Completion replies (RFC 5321 section 4.2.1)."""

__all__ = ["OUR_FAULT", "OUT_OF_SERVICE", "UNREACHABLE", "Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply (RFC 5321 section 4.2).

    Attributes:
        code: three digits.
        text: its text; several lines are separated by a newline.
    """

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Whether what was asked has been done."""
        return self.code in _POSITIVE

    def __str__(self) -> str:
        """As it goes over the wire, without the last line's end: ``250-first``, ``250 last``."""
        *first, last = self.text.splitlines() or [""]
        return "\r\n".join([*(f"{self.code}-{line}" for line in first), f"{self.code} {last}"])


UNREACHABLE = Reply(451, "4.4.1 The next mail server cannot be reached just now, please try again later")
OUR_FAULT = Reply(451, "4.3.0 Something went wrong here, please try again later")
OUT_OF_SERVICE = Reply(421, "4.3.2 This server is shutting down, please try again later")
