import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from clicktrail import keyring_file
from clicktrail.model.link import LinkReason
from clicktrail.model.link_set import LinkSet, ShortLinkMessage, StoredLink
from clicktrail.rewrite.advice import ADVICE
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.stores import open_registry
from clicktrail.tokens import (
    SealedLink,
    SealedMessage,
    build_token_suffixes,
    encode_short_token,
    seal_token,
    seal_token_prefix,
)
from tests.support.command_line import run_clicktrail

SEALED = SealedLink(
    destination="https://shop.example/spring?utm_source=email",
    message_id="m1",
    recipient="ada@reader.example",
    campaign="spring",
    position=4,
    link_count=12,
    group="tiles",
    sent_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
)
DESCRIBED = {
    "format": "sealed",
    "key": 0,
    "destination": "https://shop.example/spring?utm_source=email",
    "message_id": "m1",
    "campaign": "spring",
    "recipient": "ada@reader.example",
    "position": 4,
    "links": 12,
    "group": "tiles",
    "trap": False,
    "sent_at": "2026-11-23T12:00:00Z",
}


@pytest.fixture
def token(tmp_path: Path) -> str:
    """A token of the ring in the data folder."""
    return seal_token(
        keyring_file.load_or_create(tmp_path / "clicktrail-data" / keyring_file.FILE_NAME, earlier_data_paths=[]),
        SEALED,
    )


@pytest.mark.parametrize("url", ["{}", "/{}", "https://links.example.com/{}", "http://[::1]:8080/{}?fbclid=1#top"])
def test_url_and_token_are_opened(tmp_path: Path, token: str, url: str) -> None:
    process = run_clicktrail("inspect", "--json", "--", url.format(token), folder=tmp_path)
    assert (0, "") == (process.returncode, process.stderr)
    assert DESCRIBED == json.loads(process.stdout)


async def test_stored_links_are_shown(tmp_path: Path) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    links = tuple(StoredLink(position=position, destination=f"https://x.example/{position}") for position in range(3))
    async with open_registry(Settings(data_dir=str(data))) as registry:
        number = await registry.link_sets.add(LinkSet(campaign="spring", created_at=SEALED.sent_at, links=links))
        await registry.short_links.add(
            ShortLinkMessage(
                code=5, message_id="m2", recipient="r9", campaign="fall", created_at=SEALED.sent_at, links=links[:1]
            )
        )
    token_prefix = seal_token_prefix(
        ring, SealedMessage(link_set_id=number, message_id="", recipient="", sent_at=SEALED.sent_at)
    )

    contents = [
        json.loads(run_clicktrail("inspect", "--json", "--", path, folder=tmp_path).stdout)
        for path in (f"{token_prefix}{build_token_suffixes(ring, 3)[2]}/01ANN", encode_short_token(5, 0))
    ]

    assert [
        {
            "format": "campaign",
            "key": 0,
            "link_set": number,
            "message_id": f"{number}/01ANN",
            "recipient": "01ANN",
            "recipient_unsealed": True,
            "sent_at": "2026-11-23T12:00:00Z",
            "position": 2,
            "destination": "https://x.example/2",
            "campaign": "spring",
            "links": 3,
            "group": "",
            "trap": False,
        },
        {
            "format": "short",
            "position": 0,
            "destination": "https://x.example/0",
            "campaign": "fall",
            "links": 1,
            "group": "",
            "trap": False,
            "message_id": "m2",
            "recipient": "r9",
        },
    ] == contents


@pytest.mark.parametrize("has_registry", [True, False], ids=["no such link", "no registry"])
async def test_token_is_shown_without_a_stored_link(tmp_path: Path, *, has_registry: bool) -> None:
    data = tmp_path / "clicktrail-data"
    ring = keyring_file.load_or_create(data / keyring_file.FILE_NAME, earlier_data_paths=[])
    if has_registry:
        async with open_registry(Settings(data_dir=str(data))):
            pass
    token_prefix = seal_token_prefix(
        ring, SealedMessage(link_set_id=7, message_id="m1", recipient="r8", sent_at=SEALED.sent_at)
    )

    process = run_clicktrail(
        "inspect",
        "--json",
        "--",
        f"https://links.example.com/{token_prefix}{build_token_suffixes(ring, 3)[2]}",
        folder=tmp_path,
    )

    contents = json.loads(process.stdout)
    assert (0, 7, "m1", "r8", 2) == (
        process.returncode,
        *(contents[name] for name in ("link_set", "message_id", "recipient", "position")),
    )
    assert "destination" not in contents
    assert "no destination shown: the registry" in process.stderr


def test_each_field_is_a_line(tmp_path: Path, token: str) -> None:
    (tmp_path / "clicktrail-data" / keyring_file.FILE_NAME).rename(tmp_path / "ring.json")
    process = run_clicktrail("inspect", "--keys", "ring.json", "--", token, folder=tmp_path)
    assert [[name, str(value)] for name, value in DESCRIBED.items()] == [
        line.split() for line in process.stdout.splitlines()
    ]


@pytest.mark.parametrize(
    ("damage", "error", "hint"),
    [
        (lambda token: token[:24] + "A", "no key of the ring sealed this token", "belongs to key 0 in"),
        (lambda token: token[:-1] + "C", "the key that this token names is not in the ring", "belongs to no key in"),
        (lambda token: token[:-1] + "9", "not a token of a known format", "belongs to no key in"),
        (
            lambda token: f"https://shop.example/{token[:-1]}9",
            "not a token of a known format",
            "its host is shop.example, and ",
        ),
        (lambda token: token[:24] + "…", "not a token of a known format", "it is cut off at the dots"),
        (lambda token: token[:24] + "...", "not a token of a known format", "it is cut off at the dots"),
        (lambda token: token[:24] + "=", "not a token of a known format", "it contains a line break"),
        (lambda token: f"{token[:24]}\n {token[25:]}", "does not open: not ", "it contains a line break"),
        (lambda token: token.lower(), "does not open: ", "a program changed the case of its letters"),
        (lambda token: f"https://links.example.com/{token.upper()}.", "does not open: ", "a program changed the case"),
        (lambda token: f"https://[go/{token[:24]}", "is no URL", "copy the link's address"),
    ],
    ids=[
        "cut off",
        "another key",
        "no format",
        "another site",
        "ellipsis",
        "dots",
        "soft break",
        "wrapped",
        "lower",
        "upper",
        "no URL",
    ],
)
def test_damaged_token_is_explained(
    tmp_path: Path, token: str, damage: Callable[[str], str], error: str, hint: str
) -> None:
    process = run_clicktrail("inspect", "--", damage(token), folder=tmp_path)
    first, second = process.stderr.splitlines()
    assert (1, "") == (process.returncode, process.stdout)
    assert first.startswith("clicktrail: error: ")
    assert error in first
    assert hint in second


@pytest.mark.parametrize(
    ("url", "damage", "ignored"),
    [
        ("{}.", "addition", "."),
        ("<https://links.example.com/{}>", "addition", ">"),
        ("https://links.example.com/{}%22%20target=", "addition", '" target='),
        ("https://links.example.com//{}&fbclid=1", "addition", "/&fbclid=1"),
        ("https://links.example.com/{}\u200b", "addition", "\u200b"),
        ("https://links.example.com/{}”", "addition", "”"),
    ],
)
def test_damaged_link_is_opened_and_explained(tmp_path: Path, token: str, url: str, damage: str, ignored: str) -> None:
    process = run_clicktrail("inspect", "--json", "--", url.format(token), folder=tmp_path)
    assert (0, "") == (process.returncode, process.stderr)
    assert DESCRIBED | {"damage": damage, "ignored": ignored} == json.loads(process.stdout)


@pytest.mark.parametrize("inserted", ["\n", "\r\n ", "%C2%AD", "\u200b", "=\n"])
def test_wrapped_link_is_opened(tmp_path: Path, token: str, inserted: str) -> None:
    url = f"https://links.example.com/{token[:24]}{inserted}{token[24:]}"
    contents = json.loads(run_clicktrail("inspect", "--json", "--", url, folder=tmp_path).stdout)
    assert DESCRIBED.items() <= contents.items()


def test_revoked_key_is_named(tmp_path: Path, token: str) -> None:
    ring = tmp_path / "clicktrail-data" / keyring_file.FILE_NAME
    keyring_file.rotate(ring)
    keyring_file.revoke(ring, 0)
    process = run_clicktrail("inspect", "--", token, folder=tmp_path)
    assert "belongs to key 0 in" in process.stderr
    assert "(state revoked)" in process.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["https://shop.example/boots"], (True, "tracked", "", 'data-clicktrail="off"')),
        (["https://shop.example/r?token=1"], (False, "sensitive", "parameter token", "No attribute or setting")),
        (
            ["https://shop.example/x", "--label", "View invoice"],
            (False, "sensitive", "text 'view invoice'", "No attribute"),
        ),
        (["https://shop.example/x", "--label", "Отписаться"], (False, "unsubscribe", "", "No attribute or setting")),
        (["https://shop.example/privacy"], (False, "privacy", "", 'preset = "all"')),
        (["https://shop.example/privacy", "--policy", "all"], (True, "tracked", "", "data-clicktrail")),
    ],
)
def test_other_link_is_explained(tmp_path: Path, arguments: list[str], expected: tuple[bool, str, str, str]) -> None:
    process = run_clicktrail("inspect", "--json", *arguments, folder=tmp_path)
    decision = json.loads(process.stdout)
    assert (process.returncode, process.stderr) == (0, "")
    assert (decision["tracked"], decision["reason"], decision["detail"]) == expected[:3]
    assert expected[3] in decision["what_would_change_it"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "{}+",
            "<{}>",
            "{}.",
            '"{}"',
            "'{}'",
            "({}).",
            "[our link]({})",
            "> {}",
            "See {}, which fails",
            "“{}”",
            " {}\n",
        ),
        *("URL:{}", '<a href="{}">', "{}\n\nBest regards", "{}\nBest regards, Ann"),
    ],
)
def test_pasted_links(tmp_path: Path, token: str, text: str) -> None:
    tracking_url = f"https://links.example.com/{token}"
    opened = run_clicktrail("inspect", "--json", "--", text.format(tracking_url), folder=tmp_path)
    other = run_clicktrail("inspect", "--json", "--", text.format("https://shop.example/a?b=1&c=2"), folder=tmp_path)
    assert DESCRIBED.items() <= json.loads(opened.stdout).items()
    assert json.loads(other.stdout)["url"] == "https://shop.example/a?b=1&c=2"


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\n> ", "=\n", "=\r\n> > "])
def test_wrapped_lines_of_a_pasted_link(tmp_path: Path, token: str, separator: str) -> None:
    text = f"> https://links.example.com/{token[:30]}{separator}{token[30:]}"
    contents = json.loads(run_clicktrail("inspect", "--json", "--", text, folder=tmp_path).stdout)
    assert DESCRIBED.items() <= contents.items()


def test_wrapped_tracking_url_is_opened(tmp_path: Path, token: str) -> None:
    url = quote(f"https://links.example.com/{token}", safe="")
    safe_link = f"https://eur01.safelinks.protection.outlook.com/?url={url}&data=05%7C01&reserved=0"
    nested = f"<https://www.google.com/url?q={quote(safe_link, safe='')}&sa=D>"
    contents = json.loads(run_clicktrail("inspect", "--json", "--", nested, folder=tmp_path).stdout)
    in_lines = run_clicktrail("inspect", "--", nested, folder=tmp_path).stdout
    assert contents == DESCRIBED | {
        "wrappers": [
            {"by": "google", "host": "www.google.com"},
            {"by": "safe-links", "host": "eur01.safelinks.protection.outlook.com"},
        ]
    }
    assert (
        "wrappers           Google redirect (www.google.com), "
        "Microsoft Safe Links (eur01.safelinks.protection.outlook.com)\n"
    ) in in_lines


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (
            "https://protect-eu.mimecast.com/s/AbCdEf?domain=shop.example",
            "Mimecast URL Protection (protect-eu.mimecast.com) has an id instead of the URL",
        ),
        ("https://secure-web.cisco.com/1AbCdEf", "Cisco Secure Email (secure-web.cisco.com) has an id instead of"),
        ("https://urldefense.com/v3/__https://shop.exa", "Proofpoint URL Defense v3 (urldefense.com) is cut off"),
    ],
)
def test_link_that_cannot_be_unwrapped_says_so(tmp_path: Path, url: str, error: str) -> None:
    process = run_clicktrail("inspect", url, folder=tmp_path)
    assert (process.returncode, process.stdout) == (1, "")
    assert f"clicktrail: error: the link of {error}" in process.stderr
    assert "hint: ask for the link as it was sent" in process.stderr


def test_named_host_of_an_id_is_shown(tmp_path: Path) -> None:
    process = run_clicktrail("inspect", "https://protect-eu.mimecast.com/s/AbC?domain=shop.example", folder=tmp_path)
    assert "which only the service can look up; it names the host shop.example\n" in process.stderr


def test_merge_tags_stay_in_a_link(tmp_path: Path) -> None:
    url = "https://shop.example/?id={{ id }}"
    assert json.loads(run_clicktrail("inspect", "--json", url, folder=tmp_path).stdout)["url"] == url


def test_other_link_is_explained_in_lines(tmp_path: Path) -> None:
    process = run_clicktrail("inspect", "https://shop.example/r?token=1", folder=tmp_path)
    assert "reason             sensitive\ndetail             parameter token\n" in process.stdout


def test_there_is_advice_for_every_reason() -> None:
    assert set(ADVICE) == set(LinkReason)


def test_missing_key_ring_is_an_error(tmp_path: Path) -> None:
    process = run_clicktrail("inspect", "--keys", "ring.json", "tokenA", folder=tmp_path)
    assert 1 == process.returncode
    assert "clicktrail: error: the key ring ring.json is missing" in process.stderr
