"""The relay's next hop, asked as the relay asks it: same address, TLS, login and EHLO name, but no message."""

import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from ipaddress import ip_address

from clicktrail.errors import RelayError
from clicktrail.server.doctor.findings import Finding, Severity
from clicktrail.server.relay.next_hop_session import NextHopConfig, NextHopOpenError, NextHopSession, OpeningStep
from clicktrail.server.relay.reply import Reply

_TIMEOUT_S = 10.0
"""For the connection to each address, and for each reply. Some servers delay their greeting by 5 s against spam."""
_AUTHENTICATION_REQUIRED_CODE = 530
"""RFC 4954 section 6."""
_ABOUT_EHLO = re.compile(r"\b(?:EHLO|HELO)\b", re.IGNORECASE)
"""Servers check the name at EHLO, or at the first recipient: Postfix says "Helo command rejected" there."""
_PROBE_RECIPIENT = "postmaster@example.com"
"""No mail is sent to it, and it may be refused for other reasons. Postfix does not check the EHLO name for the address
``postmaster`` without a domain."""
_MAX_REPLY_CHARS = 200


async def check_next_hop(config: NextHopConfig) -> list[Finding]:
    """Connect, log in, and name a sender and a recipient, but send no message."""
    config = replace(config, connect_timeout_s=_TIMEOUT_S, command_timeout_s=_TIMEOUT_S)
    try:
        session = await NextHopSession.open(config)
    except NextHopOpenError as error:
        return [_describe_opening_failure(config, error)]
    try:
        return [finding async for finding in _check_session(config, session)]
    except RelayError as error:
        return [_error("next-hop-unreachable", str(error), "check the next hop's log")]
    finally:
        session.quit()


async def _check_session(config: NextHopConfig, session: NextHopSession) -> AsyncIterator[Finding]:
    for reply in await session.send_all(["MAIL FROM:<>", f"RCPT TO:<{_PROBE_RECIPIENT}>"]):
        if reply.code == _AUTHENTICATION_REQUIRED_CODE:
            yield _error(
                "next-hop-login-required",
                f"the next hop {config} takes mail only after a login: {_format_reply(reply)}",
                "set relay.next_hop_username and relay.next_hop_password to the SMTP login of your mail server or ESP",
            )
            return
        if not reply.is_positive and _ABOUT_EHLO.search(reply.text):
            yield _build_ehlo_finding(config, reply)
            return
    for finding in _check_extensions(config, session):
        yield finding
    if config.tls == "none" and not _is_private(config.host):
        contents = "mail and password go" if config.username else "mail goes"
        yield _warning(
            "next-hop-unencrypted",
            f"{contents} to the next hop {config} without encryption",
            'set relay.next_hop_tls to "starttls", or to "tls" for port 465',
        )


def _check_extensions(config: NextHopConfig, session: NextHopSession) -> Iterator[Finding]:
    if not session.supports("8BITMIME"):
        yield _warning(
            "next-hop-no-8bitmime",
            f"the next hop {config} does not offer 8BITMIME, so the relay refuses messages with unencoded accents",
            "enable 8BITMIME there, or have your program encode such text as quoted-printable or base64",
        )
    if not session.supports("SMTPUTF8"):
        yield _warning(
            "next-hop-no-smtputf8",
            f"the next hop {config} does not offer SMTPUTF8, so the relay refuses addresses such as jörg@example.com",
            "enable SMTPUTF8 there (Postfix: smtputf8_enable = yes), or send to no such addresses",
        )


def _describe_opening_failure(config: NextHopConfig, error: NextHopOpenError) -> Finding:
    if isinstance(error.cause, ssl.SSLError):
        return _describe_tls_failure(config, error.cause)
    match error.step:
        case OpeningStep.CONNECT:
            return _describe_missing_connection(config, error)
        case OpeningStep.LOGIN:
            return _describe_login_failure(config, error)
        case OpeningStep.STARTTLS:
            return _error(
                "next-hop-tls",
                f"the next hop {config} does not start TLS{_format_refusal(error)}",
                'enable TLS there; if it takes TLS from the start (port 465), set relay.next_hop_tls to "tls"',
            )
        case OpeningStep.EHLO if error.refusal:
            return _build_ehlo_finding(config, error.refusal)
        case _:
            return _describe_missing_greeting(config, error)


def _describe_missing_connection(config: NextHopConfig, error: NextHopOpenError) -> Finding:
    if isinstance(error.cause, socket.gaierror):
        return _error(
            "next-hop-name",
            f"the name of the next hop {config} has no address",
            "check the spelling of relay.next_hop, and that this machine can look up names",
        )
    return _error(
        "next-hop-unreachable",
        f"the next hop {config} does not take connections ({_describe_cause(error)}), so the relay defers all mail",
        "start the mail server, or check host and port in relay.next_hop and the firewall: many hosters block port 25, "
        "and ESPs listen on 587 too",
    )


def _describe_missing_greeting(config: NextHopConfig, error: NextHopOpenError) -> Finding:
    if error.refusal:
        return _error(
            "next-hop-refused",
            f"the next hop {config} refuses this machine{_format_refusal(error)}",
            "allow this machine's IP address there, or send through another next hop",
        )
    return _error(
        "next-hop-silent",
        f"the next hop {config} takes the connection and does not answer as an SMTP server",
        'check the port in relay.next_hop; port 465 takes TLS from the start: set relay.next_hop_tls to "tls"',
    )


def _describe_login_failure(config: NextHopConfig, error: NextHopOpenError) -> Finding:
    return _error(
        "next-hop-login",
        f"the next hop {config} refuses the login{_format_refusal(error)}",
        "check relay.next_hop_username and relay.next_hop_password; ESPs want an API key or SMTP password here, "
        "not the password of their website",
    )


def _describe_tls_failure(config: NextHopConfig, error: ssl.SSLError) -> Finding:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _error(
            "next-hop-certificate",
            f"the certificate of the next hop {config} is not valid: {error.verify_message}",
            "write the host name of its certificate into relay.next_hop; if your own CA has issued it, name the CA's "
            "file in the environment variable SSL_CERT_FILE",
        )
    return _error(
        "next-hop-tls",
        f"the next hop {config} does not speak TLS from the start of the connection",
        'set relay.next_hop_tls to "starttls" (ports 587 and 25), or the port of relay.next_hop to 465',
    )


def _build_ehlo_finding(config: NextHopConfig, reply: Reply) -> Finding:
    name = f"'{config.ehlo_name}'" if config.ehlo_name else "an IP address"
    return _error(
        "next-hop-ehlo-name",
        f"the next hop {config} refuses our EHLO name, {name}: {_format_reply(reply)}",
        "set relay.ehlo_name to the full host name of this machine, to which its public IP address resolves",
    )


def _describe_cause(error: NextHopOpenError) -> str:
    number = error.cause.errno if error.cause else None
    return os.strerror(number) if number else "no answer"


def _format_refusal(error: NextHopOpenError) -> str:
    return f": {_format_reply(error.refusal)}" if error.refusal else ": the connection was lost"


def _format_reply(reply: Reply) -> str:
    text = reply.text.encode("utf-8", "replace").decode().replace("\n", " ")
    return f"{reply.code} {text[:_MAX_REPLY_CHARS]}"


def _is_private(host: str) -> bool:
    """Whether a host is this machine or in a private network."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost" or "." not in host


def _error(code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, hint=hint)


def _warning(code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNING, message=message, hint=hint)
