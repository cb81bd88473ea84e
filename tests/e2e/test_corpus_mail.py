"""Real messages through the whole path: SMTP in, SMTP out, and every tracked link followed over HTTP."""

import asyncio
import email
import html
import re
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import ada_url
import aiosmtplib
import httpx2
import pytest

from clicktrail.demo.sink import Sink
from tests.support.paths import CORPUS
from tests.support.serving import RunningServer, running_server

MAIL = CORPUS / "eml"
UTM = "utm_source=email&utm_medium=newsletter&utm_campaign=corpus"
CLIENTS = 16
ENCODING = "Content-Transfer-Encoding"
LONGEST_LINE = 998


def as_sent(raw: bytes) -> bytes:
    """A file's bytes as SMTP carries them: every line ends in CRLF (RFC 5321 section 2.3.8)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


@pytest.fixture
def messages() -> list[bytes]:
    """Every fourth message of the corpus; the tests of rewrite/ read them all."""
    if not MAIL.is_dir():
        pytest.skip("the corpus of real mail is not here")
    return [as_sent(path.read_bytes()) for path in sorted(MAIL.glob("*.eml"))[::4]]


def hosts(messages: list[bytes]) -> tuple[str, ...]:
    """Every second host that the corpus links to: those shall get UTM parameters."""
    found = {host.decode().lower() for raw in messages for host in re.findall(rb"https?://([\w-]+\.[\w.-]*\w)", raw)}
    return tuple(sorted(found)[::2])


async def relayed(running: RunningServer, sink: Sink, messages: list[bytes]) -> list[bytes]:
    """What came out of the relay, message by message."""
    host, port = running.relay
    client = aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="sender.example", timeout=60)
    async with client:
        for raw in messages:
            await client.sendmail("a@example.com", ["b@example.com"], b"X-Clicktrail-Campaign: corpus\r\n" + raw)
    return [message.content for message in sink.messages]


async def locations(edge: str, tokens: set[str]) -> dict[str, str]:
    """Where each tracking URL leads, asked over HTTP."""
    waiting, found = list(tokens), dict[str, str]()

    async def ask(client: httpx2.AsyncClient) -> None:
        while waiting:
            token = waiting.pop()
            response = await client.get(f"/{token}")
            found[token] = response.headers["location"] if response.status_code == httpx2.codes.FOUND else ""

    async with httpx2.AsyncClient(base_url=edge, timeout=60) as client, asyncio.TaskGroup() as tasks:
        for _ in range(CLIENTS):
            tasks.create_task(ask(client))
    return found


def decoded(part: Message) -> bytes:
    """A part's bytes. Some programs end the encoding's name with a semicolon, which readers overlook."""
    encoding = part.get(ENCODING, "")
    if encoding.endswith(";"):
        part.replace_header(ENCODING, encoding.rstrip(";"))
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def encoded_anew(before: Message, after: Message) -> bool:
    """A body is in quoted-printable and says so, because a line of it would have grown past 998 octets otherwise.

    That is the most that mail may carry (RFC 5322 section 2.1.1). The content, decoded, is compared like any other.
    """
    kept = [field for field in before.items() if field[0].lower() != ENCODING.lower()]
    told = [field for field in after.items() if field[0].lower() != ENCODING.lower()]
    longest = max(len(line) for line in decoded(after).splitlines())
    return kept == told and after[ENCODING] == "quoted-printable" and longest > LONGEST_LINE


def replaced(before: Message, after: Message, tracked: re.Pattern[bytes]) -> Iterator[tuple[str, bytes, str]]:
    """Each token of a message, with the bytes that it stands for and their charset; all else must be the same."""
    assert before.items() == after.items() or encoded_anew(before, after)
    assert (before.preamble, before.epilogue) == (after.preamble, after.epilogue)
    parts, others = before.get_payload(), after.get_payload()
    if parts == others:
        return
    if isinstance(parts, list) and isinstance(others, list):
        assert len(parts) == len(others)
        for part, other in zip(parts, others, strict=True):
            yield from replaced(part, other, tracked)
        return
    old, new = decoded(before), decoded(after)
    pieces = tracked.split(new)
    originals = re.fullmatch(b"(.+?)".join(re.escape(piece) for piece in pieces[::2]), old, re.DOTALL)
    assert originals
    charset = before.get_content_charset("latin-1")
    for token, original in zip(pieces[1::2], originals.groups(), strict=True):
        yield token.decode(), original, charset


def encodings(raw: bytes) -> list[str | None]:
    """What each part of a message says of its encoding."""
    return [part.get(ENCODING) for part in email.message_from_bytes(raw).walk()]


def normal(url: str) -> str:
    """A URL as a browser would ask for it."""
    return str(ada_url.URL(url).href)


def destination(original: bytes, charset: str) -> str:
    """The URL that a reader's program takes from an attribute's or a text's bytes."""
    try:
        text = original.decode(charset)
    except (LookupError, UnicodeDecodeError):
        text = original.decode("latin-1")
    return normal(re.sub(r"&#?\w+;", lambda reference: html.unescape(reference[0]), text))


def with_utm(url: str) -> str:
    """A URL with the parameters behind its query and before its fragment."""
    before, hash_, fragment = url.partition("#")
    joint = "" if before.endswith(("?", "&")) else "&" if "?" in before else "?"
    return f"{before}{joint}{UTM}{hash_}{fragment}"


@pytest.mark.timeout(600)
@pytest.mark.without_coverage
async def test_real_messages_keep_bytes_and_destinations(
    tmp_path: Path, messages: list[bytes], summarize: Callable[[str], None]
) -> None:
    own = hosts(messages)
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, own_hosts=own) as running:
        out = await relayed(running, sink, messages)
        tracked = re.compile(re.escape(running.edge.encode()) + rb"/([\w-]+)")
        links = [
            link
            for before, after in zip(messages, out, strict=True)
            for link in replaced(email.message_from_bytes(before), email.message_from_bytes(after), tracked)
        ]
        found = await locations(running.edge, {token for token, _, _ in links})

    tagged = 0
    for token, original, charset in links:
        wanted = destination(original, charset)
        if urlsplit(wanted).hostname in own and found[token] != wanted:
            wanted = with_utm(wanted)
            tagged += 1
        assert wanted == normal(found[token])
    changed = sum(before != after for before, after in zip(messages, out, strict=True))
    anew = sum(encodings(before) != encodings(after) for before, after in zip(messages, out, strict=True))
    summarize(
        f"{len(messages)} messages, {changed} rewritten, {len(links)} links followed, {tagged} tagged, "
        f"{anew} with a body encoded anew"
    )
    assert changed
    assert tagged
