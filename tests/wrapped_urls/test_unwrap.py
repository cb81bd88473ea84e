import base64
import itertools
import json
import string
import tomllib
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.wrapped_urls import unwrap_url
from clicktrail.wrapped_urls.rules import load_wrapper_rules
from clicktrail.wrapped_urls.unwrap import MAX_URL_CHARS

URL = "https://links.example.com/AbC-dEf_123?x=1&y=2"
SAMPLES = tomllib.loads((Path(__file__).parent / "samples.toml").read_text("utf-8"))


def wrap(form: str, url: str = URL) -> str:
    compressed = zlib.compress(json.dumps({"rcpt": "ann@reader.example", "url": url}).encode())
    return form.format(
        url=quote(url, safe=""),
        plain=url,
        base64=base64.b64encode(url.encode()).decode(),
        mimecast=base64.urlsafe_b64encode(compressed).decode().rstrip("="),
    )


@pytest.mark.parametrize(("by", "form"), [(by, form) for by, forms in SAMPLES.items() for form in forms])
def test_samples_are_unwrapped(by: str, form: str) -> None:
    unwrapped = unwrap_url(wrap(form))
    assert (unwrapped.url, [wrapper.by for wrapper in unwrapped.wrappers], unwrapped.closed) == (URL, [by], None)


def test_every_service_has_samples_or_only_ids() -> None:
    assert {rule.by for rule in load_wrapper_rules()} == set(SAMPLES)


@given(st.lists(st.sampled_from([form for forms in SAMPLES.values() for form in forms if "{url}" in form]), max_size=5))
def test_nested_wrappers_are_unwrapped(forms: list[str]) -> None:
    url = URL
    for form in forms:
        url = wrap(form, url)
    unwrapped = unwrap_url(url)
    assert unwrapped.url == URL
    assert len(unwrapped.wrappers) == len(forms)


def test_wrappers_are_listed_from_the_outermost() -> None:
    google = wrap("https://www.google.com/url?q={url}")
    unwrapped = unwrap_url(wrap("https://eur01.safelinks.protection.outlook.com/?url={url}", google))
    assert [(wrapper.by, wrapper.host) for wrapper in unwrapped.wrappers] == [
        ("safe-links", "eur01.safelinks.protection.outlook.com"),
        ("google", "www.google.com"),
    ]


@pytest.mark.parametrize(
    ("url", "by", "is_id", "named_host"),
    [
        ("https://protect-eu.mimecast.com/s/AbC?domain=shop.example", "mimecast", True, "shop.example"),
        ("https://url.uk.m.mimecastprotect.com/s/AbC", "mimecast", True, ""),
        ("https://us-east-2.protection.sophos.com/?d=shop.example&b=99&x=55&q=1", "sophos", True, "shop.example"),
        ("https://secure-web.cisco.com/1AbC", "cisco", True, ""),
        ("https://url.emailprotection.link/?b6t_II7", "sophos", True, ""),
        ("https://clicktime.symantec.com/a/1/AbC=?d=AbC", "symantec", True, ""),
        ("https://urldefense.com/v3/__https://shop.exa", "proofpoint", False, ""),
        ("https://urldefense.com/v3/__https://shop.example/a*b*c__;Iw!!a!b$", "proofpoint", False, ""),
        ("https://eur01.safelinks.protection.outlook.com/?url=htt", "safe-links", False, ""),
    ],
)
def test_what_has_no_url_inside_is_closed(url: str, by: str, is_id: bool, named_host: str) -> None:
    unwrapped = unwrap_url(url)
    assert (unwrapped.url, unwrapped.wrappers) == (url, ())
    assert unwrapped.closed
    assert (unwrapped.closed.by, unwrapped.closed_by_id, unwrapped.named_host) == (by, is_id, named_host)


def test_a_closed_wrapper_inside_another() -> None:
    inner = "https://protect-eu.mimecast.com/s/AbC"
    unwrapped = unwrap_url(wrap("https://www.google.com/url?q={url}", inner))
    assert unwrapped.url == inner
    assert [wrapper.by for wrapper in unwrapped.wrappers] == ["google"]
    assert unwrapped.closed
    assert unwrapped.closed.by == "mimecast"


@pytest.mark.parametrize(
    "url",
    [
        *(
            URL,
            "https://example.com/?url=https%3A%2F%2Fshop.example%2F",
            "https://www.google.com/search?q=https://a.b/",
        ),
        *("https://www.mimecast.com/", "https://urldefense.com.example.com/v1/url?u=https%3A%2F%2Fshop.example%2F"),
        *("https://safelinks.protection.outlook.com.example.org/?url=https%3A%2F%2Fshop.example%2F", "", "no URL"),
        *("https://evil-urldefense.com/v1/url?u=https%3A%2F%2Fshop.example%2F", "mailto:a@b.example", "https://["),
    ],
)
def test_other_urls_are_left(url: str) -> None:
    unwrapped = unwrap_url(url)
    assert (unwrapped.url, unwrapped.wrappers, unwrapped.closed) == (url, (), None)


@pytest.mark.parametrize(
    "scheme", ["javascript:alert(1)", "file:///etc/passwd", "mailto:a@b.example", "//shop.example"]
)
def test_only_web_urls_are_taken_out(scheme: str) -> None:
    url = wrap("https://eur01.safelinks.protection.outlook.com/?url={url}", scheme)
    assert unwrap_url(url).url == url


@pytest.mark.parametrize(
    ("form", "inner"),
    [
        ("https://protect2.fireeye.com/url?k=1&u={plain}", "http://shop.example/a.yaml#b"),
        ("https://www.google.com/url?q={url}", "https://shop.example/%C3%A9?a=%26&b=+c#d%20e"),
        ("https://linkprotect.cudasvc.com/url?a={url}&c=1", "https://shop.example/é?q=一"),
        ("https://us-west-2.protection.sophos.com/?u={base64}", "https://shop.example/é?q=一"),
        ("https://secure-web.cisco.com/1a/{url}", "https://shop.example//a/b//?c=/d"),
        ("https://secure-web.cisco.com/1a/{plain}", "https://shop.example/a?b=c&d#e"),
        ("https://url.avanan.click/v2/___{plain}___.a", "https://shop.example/a___b?c=___"),
    ],
)
def test_the_url_inside_keeps_its_characters(form: str, inner: str) -> None:
    assert unwrap_url(wrap(form, inner)).url == inner


KEPT = string.ascii_letters + string.digits + ":/."
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def wrap_like_proofpoint(url: str, *, count_bytes: bool) -> str:
    """Write a URL as version 3 does, with every character other than letters and digits replaced."""
    kept, replaced = "", ""
    for is_kept, characters in itertools.groupby(url, lambda character: character.isascii() and character in KEPT):
        run = "".join(characters)
        length = len(run.encode()) if count_bytes else len(run)
        kept += run if is_kept else "*" if length == 1 else f"**{LETTERS[length - 2]}"
        replaced += "" if is_kept else run
    encoded = base64.urlsafe_b64encode(replaced.encode()).decode().rstrip("=")
    return f"https://urldefense.com/v3/__{kept}__;{encoded}!!a!b$"


@given(st.text(alphabet="ab1/?&=%#*_-é一", max_size=20).map("https://shop.example/".__add__), st.booleans())
def test_proofpoint_restores_every_character(url: str, count_bytes: bool) -> None:
    assert unwrap_url(wrap_like_proofpoint(url, count_bytes=count_bytes)).url == url


def test_depth_and_length_are_limited() -> None:
    url = URL
    for _ in range(12):
        url = f"https://www.google.com/url?q={quote(url, safe='')}"
    assert len(unwrap_url(url).wrappers) == 10 if len(url) <= MAX_URL_CHARS else unwrap_url(url).url == url
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 50_000_000)).decode()
    assert unwrap_url(f"https://protect-eu.mimecast.com/redirect/{bomb[:40_000]}").closed


@given(st.text())
def test_no_text_raises(text: str) -> None:
    for form in (
        "{}",
        "https://urldefense.com/v3/__{}",
        "https://secure-web.cisco.com/{}",
        "https://google.com/url?q={}",
    ):
        unwrap_url(form.replace("{}", text))
