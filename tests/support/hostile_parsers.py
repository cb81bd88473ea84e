"""The parsers that hostile input is tried with, as functions of a text. None may raise."""

import dataclasses
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib import resources

from httptools import HttpParserError

from clicktrail.audit import read_events
from clicktrail.audit.export_formats import parse_export_formats
from clicktrail.audit.link_names import name_link
from clicktrail.errors import ClicktrailError, TokenError
from clicktrail.judge.user_agents import parse_agents, parse_browser
from clicktrail.merge_tags.table import parse_table
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.rewrite.policy import parse_policy
from clicktrail.rewrite.sensitive import parse_sensitive_rules
from clicktrail.secret_urls import load_detector
from clicktrail.secret_urls.values import is_random
from clicktrail.server.doctor import analytics_scripts
from clicktrail.server.doctor.received_message import classify_link, find_urls, remove_signatures
from clicktrail.server.domains.http_exchange import Response
from clicktrail.server.pipeline.hsts import covers_subdomains
from clicktrail.server.pipeline.link_repair import repair_path
from clicktrail.server.pipeline.track import MessageIdentity, parse_control_headers, track_message
from clicktrail.tokens import (
    SECRET_BYTES,
    EdgeProof,
    Key,
    KeyRing,
    LandingTokenSealer,
    SealedMessage,
    build_token_suffixes,
    decode_short_token,
    has_changed_case,
    open_campaign_token,
    open_token,
    seal_token_prefix,
)
from clicktrail.tracking import MessageMetadata, Tracker
from clicktrail.utm import Convention, UtmTagger, parse_convention
from clicktrail.utm.audit import audit_rows
from clicktrail.utm.build import UtmValues, build_url
from clicktrail.utm.export import read_export
from clicktrail.utm.keys import find_intended_key
from clicktrail.utm.lint import explain_unchecked, fix_url, lint_url
from clicktrail.utm.personal_data import describe_personal_data, is_personal_merge_tag
from clicktrail.utm.query import QueryPair
from clicktrail.utm.structure import is_damaged_value, restore_structure
from clicktrail.wrapped_urls import find_pasted_url, unwrap_url
from clicktrail.wrapped_urls.proofpoint import decode_version_2, decode_version_3
from tests.support.dkim_keys import ED25519_KEY

_NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
_METADATA = MessageMetadata(
    message_id="m1", sent_at=_NOW, recipient="a@b.example", campaign="c", consent=Consent.GRANTED
)
_RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
_TEMPLATE = SealedMessage(link_set_id=1, message_id="", recipient="", sent_at=_NOW)
_TEMPLATE_TOKEN = seal_token_prefix(_RING, _TEMPLATE) + build_token_suffixes(_RING, 1)[0]
_CONVENTION = Convention(source="email", medium="newsletter", content="{location}_{element}_{label}", own_hosts=("*",))
_TRACKER = Tracker(
    ring=_RING,
    domain="https://links.example.com",
    convention=_CONVENTION,
    sensitive_rules=parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    ),
)


SIGNING_TRACKER = dataclasses.replace(_TRACKER, dkim_keys=(ED25519_KEY,))
_EXPORT_FORMATS = parse_export_formats(
    (resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8")
)
_JUDGE_AGENTS = parse_agents((resources.files("clicktrail.judge") / "data" / "agents.toml").read_text("utf-8"))


def track(message: str, tracker: Tracker = _TRACKER) -> None:
    """Rewrite a message as the relay does. Lone surrogates become bytes that are not UTF-8."""
    headers = parse_control_headers(message.encode("utf-8", "surrogateescape"))
    identity = MessageIdentity(message_id="m1", short_code=7)
    track_message(headers, tracker=tracker, recipients=["a@b.example"], identity=identity, now=_NOW)


def rewrite_html(html: str) -> None:
    _TRACKER.rewrite_html(html, _METADATA)


def rewrite_text(text: str) -> None:
    _TRACKER.rewrite_text(text, _METADATA)


def compile_campaign(html: str) -> None:
    with suppress(ClicktrailError):
        campaign = _TRACKER.compile(html=html, text=html, campaign="c")
        campaign.render(_METADATA, link_set_id=1, destinations={"{{a}}": "https://x.example/"})


def rewrite_template(html: str) -> None:
    with suppress(ClicktrailError):
        template = _TRACKER.find_template(html.encode(), BodyType.HTML, _METADATA)
        _TRACKER.fill_template(template, _METADATA, link_set_id=1, merge_tag="{{id}}")


def lint(url: str) -> None:
    lint_url(url, _CONVENTION)
    explain_unchecked(url, _CONVENTION)
    fix_url(url, _CONVENTION, campaign="c")
    UtmTagger(_CONVENTION, campaign=url[:1_000]).tag_url(url, label=url)


def restore_utm(url: str) -> None:
    """Read the UTM parameters of a URL without the limits of the length of URLs."""
    restore_structure(url)
    is_damaged_value(url)
    find_intended_key(url)
    describe_personal_data(QueryPair(f"utm_content={url}"))
    is_personal_merge_tag(url)
    with suppress(ClicktrailError):
        build_url(url, _CONVENTION, UtmValues(campaign=url))


def unwrap(text: str) -> None:
    unwrap_url(text)
    unwrap_url(find_pasted_url(text))
    decode_version_2(text)
    decode_version_3(text)


def search_secret(url: str) -> None:
    """Search for a secret without the limits of the length of URLs."""
    load_detector().search_parts(url)
    is_random(url)


def name_links(text: str) -> None:
    """Name the links of an audit: a URL is cut, so the text is many URLs."""
    for start in range(0, len(text), 1_000):
        name_link(text[start : start + 1_000])


def audit_export(text: str) -> None:
    with suppress(ClicktrailError):
        audit_rows(read_export(text), _CONVENTION)


def read_event_file(text: str) -> None:
    lines = text.encode("utf-8", "surrogateescape").splitlines(keepends=True)
    with suppress(ClicktrailError):
        for _ in read_events(lines, _EXPORT_FORMATS, on_unreadable=lambda _number, _error: None):
            pass


def parse_settings(text: str) -> None:
    for parse in (parse_convention, parse_policy, parse_sensitive_rules, parse_table):
        with suppress(ClicktrailError):
            parse(text)


def open_tokens(token: str) -> None:
    for open_ in (
        partial(open_token, _RING),
        partial(open_campaign_token, _RING),
        decode_short_token,
        LandingTokenSealer(_RING).open,
    ):
        with suppress(TokenError):
            open_(token)
    EdgeProof(_RING).answer("links.example.com", token)
    has_changed_case(token)
    repair_path(_RING, token)
    repair_path(_RING, f"{_TEMPLATE_TOKEN}/{token}")


def read_web_answer(text: str) -> None:
    covers_subdomains(text)
    with suppress(HttpParserError):
        Response().feed(text.encode("utf-8", "surrogateescape"))


def read_landing_page(html: str) -> None:
    url = "https://x.example/"
    for script in analytics_scripts.find_analytics(html, url):
        analytics_scripts.has_other_matomo_keys(script)
        analytics_scripts.excludes_page(script, url)
        analytics_scripts.find_blocked_host(script, url, [html])


def read_received_message(message: str) -> None:
    raw = message.encode("utf-8", "surrogateescape")
    remove_signatures(raw)
    for link in find_urls(raw):
        classify_link(link, ["x.example"])


def parse_user_agent(text: str) -> None:
    _JUDGE_AGENTS.find(text)
    parse_browser(text)
