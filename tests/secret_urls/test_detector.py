"""Links that carry a secret or a signature are found, and ordinary links are not."""

import re
import tomllib
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.policy import Policy
from clicktrail.secret_urls import find_secret, load_rules
from clicktrail.secret_urls.rules import parse_rules
from clicktrail.utm.tag import add_utm_parameters
from tests.support.paths import ROOT

FOLDER = ROOT / "tests" / "secret_urls"
PAGE = ROOT / "docs" / "reference" / "link-cases.md"
SHAPES = tomllib.loads((FOLDER / "shapes.toml").read_text("utf-8"))["links"]
ORDINARY = (FOLDER / "ordinary.txt").read_text("utf-8").split()
MAX_ORDINARY_LEFT_OUT = 0.005


@cache
def decide(url: str) -> LinkReason:
    return Policy().decide(Candidate(start=0, end=1, href=url, url=url, label="Click here")).reason


@pytest.mark.parametrize("url", [shape["url"] for shape in SHAPES])
def test_no_secret_link_is_tracked_or_tagged(url: str) -> None:
    assert decide(url) is LinkReason.SENSITIVE
    assert add_utm_parameters(url, {"utm_source": "email"}, ["*"]) == url


def test_ordinary_links_are_tracked() -> None:
    left_out = [url for url in ORDINARY if decide(url) is not LinkReason.TRACKED]
    assert len(left_out) <= MAX_ORDINARY_LEFT_OUT * len(ORDINARY), left_out


def test_lists_are_long_and_without_repetition() -> None:
    assert len({shape["url"] for shape in SHAPES}) == len(SHAPES) >= 150
    assert len(set(ORDINARY)) == len(ORDINARY) >= 500


def test_page_has_the_figures() -> None:
    found = sum(decide(shape["url"]) is LinkReason.SENSITIVE for shape in SHAPES)
    false = sum(decide(url) is LinkReason.SENSITIVE for url in ORDINARY)
    page = PAGE.read_text("utf-8")
    assert f"links found: {found} of {len(SHAPES)}, recall {found / len(SHAPES):.3f};" in page
    assert f"links left out: {false} of {len(ORDINARY)}, precision {found / (found + false):.3f}." in page


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://x.example/reset/abc", "'reset' in the path"),
        ("https://x.example/a?user[reset_password_token]=1", "parameter user[reset_password_token]"),
        ("https://x.example/a?userResetToken=1", "parameter userResetToken"),
        ("https://x.example/#/login?token=1", "parameter token"),
        ("https://x.example/?%74oken=1", "parameter token"),
        ("https://x.example/v/eyJhbGciOiJIUzI1NiJ9.e30.x", "JSON Web Token"),
        ("https://x.example/f.zip?md5=Zk&expires=17", "nginx secure link"),
        ("https://x.example/f.zip?h=8f3a9c1d2b4e&exp=1764590000", "h with exp"),
        ("https://x.example/?email=a@b.example&key=zK8vLq2XYt9R", "key with email"),
        ("https://x.example/invite/aB3dE9xK", "random value with 'invite'"),
        ("https://x.example/best%C3%A4tigen?c=8f3a9c1d", "random value with 'bestatigen'"),
        ("https://x.example/bestaetigen/8f3a9c1d", "random value with 'bestaetigen'"),
        ("https://x.example/out?url=https%3A%2F%2Fy.example%2Freset%3Ftoken%3D1", "parameter token, in the URL of url"),
        ("https://x.example/index.php?lost-password/confirm&c=1", "'lost password' in the path"),
        ("https://x.example/f/AbCdEf#zK8vLq2XYt9RnB4mWc7DpA", "key in the fragment"),
    ],
)
def test_secret_is_described(url: str, secret: str) -> None:
    assert find_secret(url) == secret


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/?linkId=8f3a9c1d2b4e6f708f3a9c1d2b4e6f70&promoCode=8f3a9c1d2b4e6f70",
        *["https://x.example/?id=8f3a9c1d2b4e6f70", "https://x.example/?email=a@b.example&id=8f3a9c1d2b4e6f70"],
        *[
            "https://x.example/?ts=1764590000&id=8f3a9c1d2b4e6f70",
            "https://x.example/presets",
            "https://x.example/?tokens=1",
        ],
        *[
            "https://x.example/one-time-offer",
            "https://x.example/?token=",
            "https://x.example/how-to-reset-your-password",
        ],
    ],
)
def test_ids_and_similar_words_are_not_secret(url: str) -> None:
    assert find_secret(url) == ""


def percent_encode(text: str) -> str:
    return "".join(
        f"%{byte:02x}" if byte < 128 and chr(byte).isalnum() else chr(byte) for byte in text.encode("latin-1")
    )


@given(st.sampled_from([shape["url"] for shape in SHAPES if shape["url"].isascii()]), st.randoms())
def test_names_and_words_can_be_percent_encoded(url: str, random: Random) -> None:
    start = url.index("/", 8)
    parts = re.split(r"(%[0-9A-Fa-f]{2})", url[start:])
    encoded = "".join(
        part if index % 2 else "".join(percent_encode(c) if random.random() < 0.2 else c for c in part)
        for index, part in enumerate(parts)
    )
    assert find_secret(url[:start] + encoded)


@given(st.text())
def test_any_text_is_searched(text: str) -> None:
    assert isinstance(find_secret(text), str)
    assert isinstance(find_secret(f"https://x.example/confirm?{text}"), str)


def test_every_rule_has_source_and_date() -> None:
    rules = load_rules()
    shapes = [(rule.source, rule.date) for rule in (*rules.values, *rules.paths)]
    products = [(rule.source, rule.date) for rule in rules.parameters]
    assert all(source and checked <= rules.version for source, checked in (*shapes, *products))
    assert len({words.language for words in rules.words}) == len(rules.words) >= 10


def test_rules_are_parsed_strictly() -> None:
    with pytest.raises(Exception, match="in the rules for secret URLs"):
        parse_rules("version = 2026-12-01\nother = 1")
