import dataclasses

import pytest

from clicktrail.errors import SettingsError
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.link import LinkReason, LinkWarning
from clicktrail.rewrite.candidate import Candidate, resolve_href
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.policy import (
    MAX_DESTINATION_BYTES,
    LinkDecision,
    PlainTextMode,
    Policy,
    Preset,
    VisibleUrlMode,
    build_preset_policy,
    find_opt_out,
    parse_policy,
    parse_visible_host,
    shares_domain,
)

POLICY = Policy(tracking_domains=frozenset({"go.example.com", "127.0.0.1:8080"}))


def judged(href: str, **attributes: str) -> LinkReason:
    """The verdict on a link; an underscore in an attribute's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return POLICY.decide(Candidate(start=0, end=len(href), href=href, url=resolve_href(href), attributes=named)).reason


@pytest.mark.parametrize(
    ("reason", "hrefs"),
    [
        (
            LinkReason.TRACKED,
            [
                *[
                    "https://x.com",
                    "HTTP://X.com/",
                    " https://x.com\n",
                    "https://x.com:8443/a?b#c",
                    "http://192.0.2.1/",
                ],
                *[
                    "https://bücher.de/é.pdf",
                    "https://x.com/a b",
                    "https://x.com/?q=%C3%A9%20b%20",
                    "https://[2001:db8::1]/",
                ],
                *[
                    "http://127.0.0.1:9090/",
                    "https://x.com/?id={9F-B}",
                    "https://x.com/a%zz",
                    "https://go.example.com.evil/",
                ],
            ],
        ),
        (
            LinkReason.NOT_WEB,
            [
                *[
                    "mailto:a@b.com",
                    "TEL:+1",
                    "sms:1",
                    "java\nscript:alert(1)",
                    "data:text/html,x",
                    "cid:a@b",
                    "webcal://x",
                ],
                *[
                    "intent://x#Intent;end",
                    "about:blank",
                    "file:///x",
                    "ftp://x.com",
                    "x.com:80/a",
                ],
            ],
        ),
        (LinkReason.RELATIVE, ["", "#", "#section", "?x", "/a", "a/b", "www.x.com", "//cdn.x.com/p", " "]),
        (
            LinkReason.MERGE_TAG,
            [
                *[
                    "{{ unsubscribe_url }}",
                    "*|UNSUB|*",
                    "%unsubscribe_url%",
                    "[[UNSUB_LINK]]",
                    "{$unsubscribe}",
                    "<%= u %>",
                ],
                *["https://x.com/?n={{ n }}", "https://x.com/?n=%7B%7Bname%7D%7D", "https://x.com/%%id%%", "{% url %}"],
                *["https://x.com/?d=%date%", "mailto:{{ address }}", "{action.url}", " [UNSUBSCRIBEURL] ", "<url>"],
            ],
        ),
        (
            LinkReason.INVALID,
            ["https:x.com", "https:/x.com", "https://", "https://x.com:99999/", "https://a b/", "http://[1"],
        ),
        (LinkReason.CREDENTIALS, ["https://user:pw@x.com", "https://user@x.com", "https://x.com%40@evil.com"]),
        (
            LinkReason.ALREADY_TRACKED,
            ["https://go.example.com/abc", "HTTPS://GO.example.com:443/", "http://127.0.0.1:8080/x"],
        ),
        (
            LinkReason.UNSUBSCRIBE,
            [
                *[
                    "https://x.com/unsubscribe/1",
                    "https://x.com/?a=Unsub",
                    "https://x.com/opt-out",
                    "https://x.com/optout?x",
                ],
            ],
        ),
        (
            LinkReason.PREFERENCES,
            ["https://x.com/preferences", "https://x.com/email-settings", "https://x.com/?to=manage_subscriptions"],
        ),
        (
            LinkReason.TOO_LONG,
            ["https://x.com/" + "a" * MAX_DESTINATION_BYTES, "https://x.com/" + "é" * (MAX_DESTINATION_BYTES // 2)],
        ),
    ],
)
def test_each_reason(reason: LinkReason, hrefs: list[str]) -> None:
    assert dict.fromkeys(hrefs, reason) == {href: judged(href) for href in hrefs}


@pytest.mark.parametrize(
    "attributes",
    [{"data_clicktrail": "off"}, {"clicktracking": " OFF"}, {"data_pm_no_track": ""}, {"ses:no_track": ""}],
)
def test_a_tag_opts_out(attributes: dict[str, str]) -> None:
    assert LinkReason.OPT_OUT == judged("https://x.com", **attributes)


def test_an_attribute_with_another_value_is_no_opt_out() -> None:
    assert LinkReason.TRACKED == judged("https://x.com", clicktracking="on", data_clicktrail="")


@pytest.mark.parametrize("word", ["co-opt-outs", "adopt-outline", "xpreferences", "https"])
def test_words_that_only_hold_an_unsubscribe_word_are_tracked(word: str) -> None:
    assert LinkReason.TRACKED == judged(f"https://x.com/{word}")


def test_a_lone_surrogate_is_invalid() -> None:
    assert LinkReason.INVALID == judged("https://x.com/\ud800")


def judged_html(policy: Policy, html: str) -> LinkReason:
    """The verdict on the last link of a document."""
    return policy.decide(find_links(html)[-1]).reason


@pytest.mark.parametrize(
    ("html", "reasons"),
    [
        ("<a href='https://y.com/privacy'>x</a>", (LinkReason.PRIVACY, LinkReason.PRIVACY, LinkReason.TRACKED)),
        ("<a href='https://y.com/a'>Terms</a>", (LinkReason.LEGAL, LinkReason.LEGAL, LinkReason.TRACKED)),
        ("<a href='https://x.com/a'>X</a>", (LinkReason.TRACKED, LinkReason.SOCIAL, LinkReason.TRACKED)),
        (
            "<p>Hello, dear reader, here is our letter.</p><footer><a href='https://y.com/'>",
            (LinkReason.TRACKED, LinkReason.FOOTER, LinkReason.TRACKED),
        ),
        ("<a href='https://y.com/'>y.com</a>", (LinkReason.TRACKED, LinkReason.VISIBLE_URL, LinkReason.TRACKED)),
        ("<a href='https://y.com/unsubscribe'>", (LinkReason.UNSUBSCRIBE,) * 3),
        ("<a href='https://y.com/?token=1'>", (LinkReason.SENSITIVE,) * 3),
        ("<a href='https://click.pstmrk.it/3s/x'>", (LinkReason.WRAPPED,) * 3),
    ],
)
def test_presets(html: str, reasons: tuple[LinkReason, ...]) -> None:
    assert reasons == tuple(judged_html(build_preset_policy(name), html) for name in Preset)


def test_a_policy_is_read_from_toml() -> None:
    policy = parse_policy(
        'preset = "all"\nvisible_url = "skip"\nallowed_hosts = ["*.y.com", "y.com"]\ndenied_hosts = ["n.y.com"]'
    )
    assert {
        "https://y.com/": LinkReason.TRACKED,
        "https://a.y.com/": LinkReason.TRACKED,
        "https://n.y.com/": LinkReason.HOST_DENIED,
        "https://ay.com/": LinkReason.HOST_NOT_ALLOWED,
    } == {
        url: judged_html(policy, f"<a href='{url}'>")
        for url in ("https://y.com/", "https://a.y.com/", "https://n.y.com/", "https://ay.com/")
    }
    assert LinkReason.VISIBLE_URL == judged_html(policy, "<a href='https://y.com/'>https://y.com/</a>")


def test_a_policy_says_what_becomes_of_plain_text() -> None:
    assert [PlainTextMode.SHORT, PlainTextMode.SHOW_HOST] == [
        parse_policy(text).plain_text for text in ("", 'plain_text = "show-host"')
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("preset = 'none'", "in the policy: preset cannot be 'none'"),
        ("hosts = []", "in the policy: unknown key 'hosts'"),
        ("=", "the policy is not TOML"),
        ("denied_hosts = ['Bank.example']", "denied_hosts has 'Bank.example'"),
        ("allowed_hosts = ['https://shop.example/']", "allowed_hosts has 'https://shop.example/'"),
        ("unknown_consent = 1", "in the policy: unknown_consent must be text in quotes"),
    ],
)
def test_a_policy_that_cannot_be_read(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_policy(text)


@pytest.mark.parametrize(
    "hosts", [("https://shop.example",), ("shop.example/a",), ("Shop.example",), ("shop.example.",)]
)
def test_a_policy_from_python_is_held_to_the_same(hosts: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="denied_hosts has"):
        Policy(denied_hosts=hosts)
    with pytest.raises(SettingsError, match="allowed_hosts has"):
        Policy(allowed_hosts=hosts)


def test_a_host_with_a_dot_at_its_end_is_the_same_host() -> None:
    assert LinkReason.HOST_DENIED == judged_html(Policy(denied_hosts=("x.com",)), "<a href='https://x.com./'>")


def test_a_detail_names_who_or_what() -> None:
    (link,) = find_links("<a href='https://click.pstmrk.it/3s/x'>")
    assert LinkDecision(LinkReason.WRAPPED, "Postmark") == POLICY.decide(link)


def test_warnings() -> None:
    (link,) = find_links("<a href='https://y.com/?a&amp;amp;b'>https://y.com/</a>")
    expected = (LinkWarning.VISIBLE_URL, LinkWarning.DOUBLE_ENCODED)
    assert LinkDecision(LinkReason.TRACKED, warnings=expected) == POLICY.decide(link)


def test_a_shown_url_of_the_tracking_domains_owner_is_tracked() -> None:
    (link,) = find_links("<a href='https://www.example.com/'>www.example.com</a>")
    assert LinkDecision(LinkReason.TRACKED) == dataclasses.replace(POLICY, visible_url=VisibleUrlMode.MATCH).decide(
        link
    )


@pytest.mark.parametrize(
    ("unknown", "consent", "reason", "personal"),
    [
        (UnknownConsentAction.OFF, Consent.GRANTED, LinkReason.TRACKED, True),
        (UnknownConsentAction.ANONYMOUS, Consent.GRANTED, LinkReason.TRACKED, True),
        (UnknownConsentAction.TRACK, Consent.DENIED, LinkReason.CONSENT, False),
        (UnknownConsentAction.TRACK, Consent.UNKNOWN, LinkReason.TRACKED, True),
        (UnknownConsentAction.ANONYMOUS, Consent.UNKNOWN, LinkReason.TRACKED, False),
        (UnknownConsentAction.OFF, Consent.UNKNOWN, LinkReason.CONSENT, False),
    ],
)
def test_consent(unknown: UnknownConsentAction, consent: Consent, reason: LinkReason, personal: bool) -> None:
    policy = Policy(unknown_consent=unknown)
    assert reason == judged_html(policy.for_consent(consent), "<a href='https://y.com/'>")
    assert personal == policy.is_recipient_identified(consent)


@pytest.mark.parametrize(
    ("attributes", "word"),
    [
        ('data-clicktrail="off"', "data-clicktrail"),
        ("data-clicktrail=No", "data-clicktrail"),
        ("data-clicktrail=false", "data-clicktrail"),
        ("data-clicktrail=0", "data-clicktrail"),
        ("data-clicktrail=on", ""),
        ("clicktracking=off", "clicktracking"),
        ("disable-tracking=true", "disable-tracking"),
        ("data-pm-no-track", "data-pm-no-track"),
        ("ses:no-track", "ses:no-track"),
        ("mc:disable-tracking", "mc:disable-tracking"),
        ("mautic:disable-tracking=true", "mautic:disable-tracking"),
        ("data-msys-clicktrack=0", "data-msys-clicktrack"),
        ('class="a Untracked"', "class=untracked"),
        ("mc:disable-tracking ses:no-track data-pm-no-track clicktracking=off data-clicktrail=off", "data-clicktrail"),
        ('class="untracked-not"', ""),
        ("data-msys-clicktrack=1", ""),
        ("clicktracking=on", ""),
    ],
)
def test_every_vendors_word_is_honoured(attributes: str, word: str) -> None:
    (link,) = find_links(f"<a href='https://x.com/' {attributes}>")
    assert word == find_opt_out(link)


def test_a_scheme_can_opt_out() -> None:
    (link,) = find_links("<a href='HTTPS+notrack://x.com/'>")
    assert "https+notrack:" == find_opt_out(link)


@pytest.mark.parametrize(
    ("label", "host"),
    [
        ("https://Shop.example/a?b", "shop.example"),
        ("www.shop.example", "www.shop.example"),
        ("http://shop.example:80/", "shop.example"),
        ("http://bücher.example/é", "bücher.example"),
        ("See https://shop.example", ""),
        ("Buy now.", ""),
        ("12.50", ""),
        ("", ""),
    ],
)
def test_a_label_that_is_a_url_shows_a_host(label: str, host: str) -> None:
    assert host == parse_visible_host(label)


@pytest.mark.parametrize(
    ("host", "domain", "expected"),
    [
        ("shop.example", "go.shop.example", True),
        ("www.shop.example", "go.shop.example:8443", True),
        ("go.shop.example", "go.shop.example", True),
        ("otherco.uk", "shop.co.uk", False),
        ("other.co.uk", "shop.co.uk", False),
        ("shop.co.uk", "go.shop.co.uk", True),
        ("other.example", "go.shop.example", False),
        ("xshop.example", "go.shop.example", False),
        ("shop.example", "localhost", False),
    ],
)
def test_a_domain_is_shared_below_one_parent(host: str, domain: str, expected: bool) -> None:
    assert expected == shares_domain(host, [domain])
