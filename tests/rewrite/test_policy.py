import dataclasses

import pytest

from clicktrail.errors import SettingsError
from clicktrail.model.consent import Consent, UnknownConsentAction
from clicktrail.model.link import LinkReason, LinkWarning, Preset
from clicktrail.rewrite.candidate import MAX_URL_BYTES, UNCLEAR_END, Candidate, Exclusion, resolve_href
from clicktrail.rewrite.html_links import find_links
from clicktrail.rewrite.opt_out import find_opt_out
from clicktrail.rewrite.policy import (
    LinkDecision,
    PlainTextMode,
    Policy,
    VisibleUrlMode,
    build_preset_policy,
    parse_policy,
    parse_visible_host,
    shares_domain,
)

POLICY = Policy(tracking_domains=frozenset({"go.example.com", "127.0.0.1:8080"}))


def decide(href: str, **attributes: str) -> LinkReason:
    """Reason for a link; underscores in attribute names become hyphens."""
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
            ["https://x.com/" + "a" * MAX_URL_BYTES, "https://x.com/" + "é" * (MAX_URL_BYTES // 2)],
        ),
    ],
)
def test_each_reason(reason: LinkReason, hrefs: list[str]) -> None:
    assert dict.fromkeys(hrefs, reason) == {href: decide(href) for href in hrefs}


@pytest.mark.parametrize(
    "attributes",
    [{"data_clicktrail": "off"}, {"clicktracking": " OFF"}, {"data_pm_no_track": ""}, {"ses:no_track": ""}],
)
def test_attribute_opts_out(attributes: dict[str, str]) -> None:
    assert decide("https://x.com", **attributes) == LinkReason.OPT_OUT


def test_attribute_with_another_value_does_not_opt_out() -> None:
    assert decide("https://x.com", clicktracking="on", data_clicktrail="") == LinkReason.TRACKED


@pytest.mark.parametrize("word", ["co-opt-outs", "adopt-outline", "xpreferences", "https"])
def test_words_that_contain_an_unsubscribe_word_are_tracked(word: str) -> None:
    assert decide(f"https://x.com/{word}") == LinkReason.TRACKED


def test_lone_surrogate_is_invalid() -> None:
    assert decide("https://x.com/\ud800") == LinkReason.INVALID


def decide_in_html(policy: Policy, html: str) -> LinkReason:
    """Reason for the last link of a document."""
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
    assert tuple(decide_in_html(build_preset_policy(name), html) for name in Preset) == reasons


def test_policy_is_parsed_from_toml() -> None:
    policy = parse_policy(
        'preset = "all"\nvisible_url = "skip"\nallowed_hosts = ["*.y.com", "y.com"]\ndenied_hosts = ["n.y.com"]'
    )
    assert {
        url: decide_in_html(policy, f"<a href='{url}'>")
        for url in ("https://y.com/", "https://a.y.com/", "https://n.y.com/", "https://ay.com/")
    } == {
        "https://y.com/": LinkReason.TRACKED,
        "https://a.y.com/": LinkReason.TRACKED,
        "https://n.y.com/": LinkReason.HOST_DENIED,
        "https://ay.com/": LinkReason.HOST_NOT_ALLOWED,
    }
    assert decide_in_html(policy, "<a href='https://y.com/'>https://y.com/</a>") == LinkReason.VISIBLE_URL


def test_plain_text_mode_is_parsed() -> None:
    assert [parse_policy(text).plain_text for text in ("", 'plain_text = "show-host"')] == [
        PlainTextMode.SHORT,
        PlainTextMode.SHOW_HOST,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("preset = 'none'", "in the policy: preset cannot be 'none'"),
        ("hosts = []", "in the policy: unknown key 'hosts'"),
        ("=", "the policy is not TOML"),
        ("denied_hosts = ['Bank.example']", "denied_hosts has 'Bank.example'"),
        ("allowed_hosts = ['https://shop.example/']", "allowed_hosts has 'https://shop.example/'"),
        ("unknown_consent = 1", "in the policy: unknown_consent must be text in quotes"),
    ],
)
def test_invalid_policy_is_refused(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_policy(text)


@pytest.mark.parametrize(
    "hosts", [("https://shop.example",), ("shop.example/a",), ("Shop.example",), ("shop.example.",)]
)
def test_invalid_host_is_refused(hosts: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="denied_hosts has"):
        Policy(denied_hosts=hosts)
    with pytest.raises(SettingsError, match="allowed_hosts has"):
        Policy(allowed_hosts=hosts)


def test_trailing_dot_of_a_host_is_ignored() -> None:
    assert decide_in_html(Policy(denied_hosts=("x.com",)), "<a href='https://x.com./'>") == LinkReason.HOST_DENIED


def test_detail_names_the_wrapper() -> None:
    (link,) = find_links("<a href='https://click.pstmrk.it/3s/x'>")
    assert POLICY.decide(link) == LinkDecision(LinkReason.WRAPPED, "Postmark")


def test_warnings() -> None:
    (link,) = find_links("<a href='https://y.com/?a&amp;amp;b'>https://y.com/</a>")
    expected = (LinkWarning.VISIBLE_URL, LinkWarning.DOUBLE_ENCODED)
    assert POLICY.decide(link) == LinkDecision(LinkReason.TRACKED, warnings=expected)


def test_visible_url_below_the_same_parent_domain_is_tracked() -> None:
    (link,) = find_links("<a href='https://www.example.com/'>www.example.com</a>")
    assert dataclasses.replace(POLICY, visible_url=VisibleUrlMode.MATCH).decide(link) == LinkDecision(
        LinkReason.TRACKED
    )


@pytest.mark.parametrize(
    ("unknown", "consent", "reason", "is_identified"),
    [
        (UnknownConsentAction.OFF, Consent.GRANTED, LinkReason.TRACKED, True),
        (UnknownConsentAction.ANONYMOUS, Consent.GRANTED, LinkReason.TRACKED, True),
        (UnknownConsentAction.TRACK, Consent.DENIED, LinkReason.NO_CONSENT, False),
        (UnknownConsentAction.TRACK, Consent.UNKNOWN, LinkReason.TRACKED, True),
        (UnknownConsentAction.ANONYMOUS, Consent.UNKNOWN, LinkReason.TRACKED, False),
        (UnknownConsentAction.OFF, Consent.UNKNOWN, LinkReason.NO_CONSENT, False),
    ],
)
def test_consent(unknown: UnknownConsentAction, consent: Consent, reason: LinkReason, is_identified: bool) -> None:
    policy = Policy(unknown_consent=unknown)
    assert decide_in_html(policy.for_consent(consent), "<a href='https://y.com/'>") == reason
    assert policy.is_recipient_identified(consent) == is_identified


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
def test_opt_out_attributes_of_every_vendor(attributes: str, word: str) -> None:
    (link,) = find_links(f"<a href='https://x.com/' {attributes}>")
    assert find_opt_out(link) == word


@pytest.mark.parametrize("attribute", ["data-clicktrail=trap", 'DATA-CLICKTRAIL=" Trap "'])
@pytest.mark.parametrize(
    "link",
    [
        "<a href='https://x.com/privacy' {}>Privacy</a>",
        "<a href='https://x.com/unsubscribe' {}>Unsubscribe</a>",
        "<a href='https://x.com/reset?token=0123456789abcdef' {}>x</a>",
        "<a href='https://denied.com/' {}>x</a>",
        "<a href='https://x.com/' {}>other.com</a>",
        "<a href='https://x.com/' clicktracking=off {}>x</a>",
    ],
)
def test_trap_is_tracked_whatever_the_policy_says(link: str, attribute: str) -> None:
    policy = Policy(visible_url=VisibleUrlMode.SKIP, denied_hosts=("denied.com",))
    assert decide_in_html(policy, link.format("")) != LinkReason.TRACKED
    assert decide_in_html(policy, link.format(attribute)) == LinkReason.TRACKED


@pytest.mark.parametrize(
    ("href", "consent", "reason"),
    [
        ("mailto:a@x.com", Consent.GRANTED, LinkReason.NOT_WEB),
        ("https://x.com/{{id}}", Consent.GRANTED, LinkReason.MERGE_TAG),
        ("https://go.example.com/abc", Consent.GRANTED, LinkReason.ALREADY_TRACKED),
        ("https://x.com/" + "a" * 4_000, Consent.GRANTED, LinkReason.TOO_LONG),
        ("https://x.com/", Consent.DENIED, LinkReason.NO_CONSENT),
    ],
)
def test_trap_that_cannot_be_tracked_is_not(href: str, consent: Consent, reason: LinkReason) -> None:
    policy = Policy(tracking_domains=frozenset({"go.example.com"})).for_consent(consent)
    assert decide_in_html(policy, f"<a href='{href}' data-clicktrail=trap>x</a>") == reason


def test_scheme_can_opt_out() -> None:
    (link,) = find_links("<a href='HTTPS+notrack://x.com/'>")
    assert find_opt_out(link) == "https+notrack:"


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
def test_visible_host_is_parsed_from_the_label(label: str, host: str) -> None:
    assert parse_visible_host(label) == host


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
def test_domain_is_shared_below_one_parent(host: str, domain: str, expected: bool) -> None:
    assert shares_domain(host, [domain]) == expected


@pytest.mark.parametrize(("code", "reason"), [("skip", LinkReason.CODE), ("track", LinkReason.TRACKED)])
def test_links_in_code_follow_the_policy(code: str, reason: LinkReason) -> None:
    policy = parse_policy(f'code = "{code}"')
    url = "https://x.example/"
    link = Candidate(start=0, end=1, href=url, url=url, exclusion=Exclusion(LinkReason.CODE, "pre"))
    assert (policy.decide(link).reason, policy.decide_all([link])[0].reason) == (reason, reason)


def test_merge_tag_comes_before_an_unclear_end() -> None:
    url = "https://x.example/{{a}}"
    link = Candidate(start=0, end=1, href=url, url=url, exclusion=UNCLEAR_END)
    assert Policy().decide(link).reason is LinkReason.MERGE_TAG
