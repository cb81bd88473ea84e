"""Real messages through the whole path: SMTP in, SMTP out, and a request for every tracked link."""

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
CLIENT_COUNT = 16
ENCODING = "Content-Transfer-Encoding"
MAX_LINE_OCTETS = 998


def to_crlf(raw: bytes) -> bytes:
    """End every line with CRLF, as SMTP requires (RFC 5321 section 2.3.8)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


@pytest.fixture
def messages() -> list[bytes]:
    """Every fourth message of the corpus; tests/rewrite reads all of them."""
    if not MAIL.is_dir():
        pytest.skip(f"{MAIL} is missing")
    return [to_crlf(path.read_bytes()) for path in sorted(MAIL.glob("*.eml"))[::4]]


def choose_own_hosts(messages: list[bytes]) -> tuple[str, ...]:
    """Every second host that the corpus links to, as the sender's own hosts: their links get UTM parameters."""
    hosts = {host.decode().lower() for raw in messages for host in re.findall(rb"https?://([\w-]+\.[\w.-]*\w)", raw)}
    return tuple(sorted(hosts)[::2])


async def relay_messages(server: RunningServer, sink: Sink, messages: list[bytes]) -> list[bytes]:
    """Send messages through the relay, and return them as the next hop received them."""
    host, port = server.relay
    client = aiosmtplib.SMTP(hostname=host, port=port, start_tls=False, local_hostname="sender.example", timeout=60)
    async with client:
        for raw in messages:
            await client.sendmail("a@example.com", ["b@example.com"], b"X-Clicktrail-Campaign: corpus\r\n" + raw)
    return [message.content for message in sink.messages]


async def fetch_locations(edge: str, tokens: set[str]) -> dict[str, str]:
    """Request every token, and return its redirect's location."""
    remaining, locations = list(tokens), dict[str, str]()

    async def request_tokens(client: httpx2.AsyncClient) -> None:
        while remaining:
            token = remaining.pop()
            response = await client.get(f"/{token}")
            locations[token] = response.headers["location"] if response.status_code == httpx2.codes.FOUND else ""

    async with httpx2.AsyncClient(base_url=edge, timeout=60) as client, asyncio.TaskGroup() as tasks:
        for _ in range(CLIENT_COUNT):
            tasks.create_task(request_tokens(client))
    return locations


def decode_part(part: Message) -> bytes:
    """Decode a part. Some programs write a semicolon after the encoding, which mail programs ignore."""
    encoding = part.get(ENCODING, "")
    if encoding.endswith(";"):
        part.replace_header(ENCODING, encoding.rstrip(";"))
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload


def is_reencoded(before: Message, after: Message) -> bool:
    """Whether a body became quoted-printable because a line would have exceeded 998 octets (RFC 5322 section 2.1.1)."""
    old_headers, new_headers = (
        [header for header in part.items() if header[0].lower() != ENCODING.lower()] for part in (before, after)
    )
    longest_line = max(len(line) for line in decode_part(after).splitlines())
    return old_headers == new_headers and after[ENCODING] == "quoted-printable" and longest_line > MAX_LINE_OCTETS


def find_replacements(
    before: Message, after: Message, tracking_url: re.Pattern[bytes]
) -> Iterator[tuple[str, bytes, str]]:
    """Yield each token with the bytes that it replaced and their charset; everything else must be unchanged."""
    assert before.items() == after.items() or is_reencoded(before, after)
    assert (before.preamble, before.epilogue) == (after.preamble, after.epilogue)
    old_payload, new_payload = before.get_payload(), after.get_payload()
    if old_payload == new_payload:
        return
    if isinstance(old_payload, list) and isinstance(new_payload, list):
        assert len(old_payload) == len(new_payload)
        for old_part, new_part in zip(old_payload, new_payload, strict=True):
            yield from find_replacements(old_part, new_part, tracking_url)
        return
    pieces = tracking_url.split(decode_part(after))
    pattern = b"(.+?)".join(re.escape(piece) for piece in pieces[::2])
    originals = re.fullmatch(pattern, decode_part(before), re.DOTALL)
    assert originals
    charset = before.get_content_charset("latin-1")
    for token, original in zip(pieces[1::2], originals.groups(), strict=True):
        yield token.decode(), original, charset


def get_encodings(raw: bytes) -> list[str | None]:
    return [part.get(ENCODING) for part in email.message_from_bytes(raw).walk()]


def normalize(url: str) -> str:
    """Parse and serialise a URL as a browser does."""
    return str(ada_url.URL(url).href)


def decode_url(original: bytes, charset: str) -> str:
    """The URL that a mail program reads from these bytes of an attribute or a text."""
    try:
        text = original.decode(charset)
    except (LookupError, UnicodeDecodeError):
        text = original.decode("latin-1")
    return normalize(re.sub(r"&#?\w+;", lambda reference: html.unescape(reference[0]), text))


def add_utm(url: str) -> str:
    base, hash_, fragment = url.partition("#")
    separator = "" if base.endswith(("?", "&")) else "&" if "?" in base else "?"
    return f"{base}{separator}{UTM}{hash_}{fragment}"


@pytest.mark.timeout(600)
@pytest.mark.without_coverage
async def test_real_messages_keep_bytes_and_destinations(
    tmp_path: Path, messages: list[bytes], summarize: Callable[[str], None]
) -> None:
    own_hosts = choose_own_hosts(messages)
    async with Sink() as sink, running_server(tmp_path, next_hop=sink.address, own_hosts=own_hosts) as server:
        relayed = await relay_messages(server, sink, messages)
        tracking_url = re.compile(re.escape(server.edge.encode()) + rb"/([\w-]+)")
        links = [
            link
            for before, after in zip(messages, relayed, strict=True)
            for link in find_replacements(
                email.message_from_bytes(before), email.message_from_bytes(after), tracking_url
            )
        ]
        locations = await fetch_locations(server.edge, {token for token, _, _ in links})

    tagged_count = 0
    for token, original, charset in links:
        destination = decode_url(original, charset)
        if urlsplit(destination).hostname in own_hosts and locations[token] != destination:
            destination = add_utm(destination)
            tagged_count += 1
        assert normalize(locations[token]) == destination
    changed_count = sum(before != after for before, after in zip(messages, relayed, strict=True))
    reencoded_count = sum(
        get_encodings(before) != get_encodings(after) for before, after in zip(messages, relayed, strict=True)
    )
    summarize(
        f"{len(messages)} messages, {changed_count} rewritten, {len(links)} links followed, {tagged_count} tagged, "
        f"{reencoded_count} with a body in another encoding"
    )
    assert changed_count
    assert tagged_count
