import pytest

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.policy import LONGEST, Policy

POLICY = Policy(tracking_domains=frozenset({"go.example.com", "127.0.0.1:8080"}))


def judged(href: str, **attributes: str) -> LinkReason:
    """The verdict on a link; an underscore in an attribute's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return POLICY.judge(Candidate(start=0, end=len(href), href=href, attributes=named))


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
                    "https+notrack://x.com",
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
                *["https://x.com/?d=%date%", "mailto:{{ address }}"],
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
                *[
                    "https://x.com/preferences",
                    "https://x.com/email-settings",
                    "https://x.com/?to=manage_subscriptions",
                ],
            ],
        ),
        (LinkReason.TOO_LONG, ["https://x.com/" + "a" * LONGEST, "https://x.com/" + "é" * (LONGEST // 2)]),
    ],
)
def test_each_reason(reason: LinkReason, hrefs: list[str]) -> None:
    """Every link that is not tracked has its reason."""
    assert dict.fromkeys(hrefs, reason) == {href: judged(href) for href in hrefs}


@pytest.mark.parametrize(
    "attributes",
    [{"data_clicktrail": "off"}, {"clicktracking": " OFF"}, {"data_pm_no_track": ""}, {"ses:no_track": ""}],
)
def test_a_tag_opts_out(attributes: dict[str, str]) -> None:
    """The opt-out attributes of other senders' products are honoured as our own."""
    assert LinkReason.OPT_OUT == judged("https://x.com", **attributes)


def test_an_attribute_with_another_value_is_no_opt_out() -> None:
    """clicktracking="on" asks for tracking."""
    assert LinkReason.TRACKED == judged("https://x.com", clicktracking="on", data_clicktrail="")


@pytest.mark.parametrize("word", ["co-opt-outs", "adopt-outline", "xpreferences", "https"])
def test_words_that_only_hold_an_unsubscribe_word_are_tracked(word: str) -> None:
    """Words count as words."""
    assert LinkReason.TRACKED == judged(f"https://x.com/{word}")


def test_a_lone_surrogate_is_invalid() -> None:
    """A text that no charset can encode has no destination."""
    assert LinkReason.INVALID == judged("https://x.com/\ud800")
