"""Parse the arguments of MAIL and RCPT: a path and parameters (RFC 5321 section 4.1.2).

An address is kept as the client wrote it. Whether it exists is the next hop's business; what no server could accept is
refused here permanently.
"""

import re
from dataclasses import dataclass

from clicktrail.errors import RelayError

_ARGUMENT = {
    keyword: re.compile(
        keyword.encode() + rb'[ \t]*:[ \t]*(?:<((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>|([^<>"\s]+))(?:[ \t]+(.*))?',
        re.IGNORECASE | re.DOTALL,
    )
    for keyword in ("FROM", "TO")
}
_SOURCE_ROUTE = re.compile(r"^@[^:\"]*:")
"""Servers ignore it (RFC 5321 appendix C)."""
_BODY_VALUES = frozenset({"7BIT", "8BITMIME"})
_PARAMETERS = re.compile(rb"[\x20-\x7e\t]*")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Path:
    """Address and parameters of MAIL or RCPT.

    Attributes:
        address: what is between the angle brackets, without a source route; empty for the null sender.
        parameters: values by upper-case keyword; empty if the parameter has no value.
    """

    address: str
    parameters: dict[str, str]

    @property
    def is_ascii(self) -> bool:
        """Whether the address needs no SMTPUTF8 (RFC 6531)."""
        return self.address.isascii()


def parse_path(argument: bytes, keyword: str) -> Path:
    """Parse ``FROM:<address> parameters`` or ``TO:<address> parameters``.

    Raises:
        RelayError: the argument cannot be parsed (501), or no server can accept the address (553).
    """
    match = _ARGUMENT[keyword].fullmatch(argument)
    if match is None:
        raise RelayError(
            f"the argument is not {keyword}:<address>",
            reply_code=501,
            reply_text=f"5.5.4 Syntax: {keyword}:<address> [parameters]",
        )
    in_brackets, bare, parameters = match.groups()
    address = _decode_address(in_brackets if bare is None else bare)
    return Path(_SOURCE_ROUTE.sub("", address), _parse_parameters(parameters or b""))


def _decode_address(address: bytes) -> str:
    try:
        text = address.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RelayError(
            "the address is not UTF-8", reply_code=553, reply_text="5.6.7 The address is neither ASCII nor UTF-8"
        ) from error
    if _CONTROL_CHARACTER.search(text):
        raise RelayError(
            "the address holds a control character",
            reply_code=553,
            reply_text="5.1.3 The address holds a control character",
        )
    return text


def _parse_parameters(text: bytes) -> dict[str, str]:
    if not _PARAMETERS.fullmatch(text):
        raise RelayError(
            "a parameter holds a character that is not allowed", reply_code=501, reply_text="5.5.4 Invalid parameter"
        )
    pairs = [word.partition("=") for word in text.decode("ascii").split()]
    parameters = {keyword.upper(): value for keyword, _, value in pairs}
    if len(parameters) < len(pairs):
        raise RelayError("a parameter is repeated", reply_code=501, reply_text="5.5.4 A parameter must not be repeated")
    if parameters.get("BODY", "7BIT").upper() not in _BODY_VALUES:
        raise RelayError(
            "the BODY parameter is not supported", reply_code=555, reply_text="5.5.4 BODY is 7BIT or 8BITMIME"
        )
    return parameters
