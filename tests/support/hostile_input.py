"""Hostile input of any size for every parser: a piece that is repeated, after text that leads into a part of it.

tests/test_linear_time.py takes every context with every piece.
"""

import base64
import dataclasses
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import resources

from clicktrail.audit import read_events
from clicktrail.audit.reader import parse_export_formats
from clicktrail.errors import ClicktrailError, TokenError
from clicktrail.judge.user_agents import parse_agents, parse_browser
from clicktrail.model.consent import Consent
from clicktrail.model.link import BodyType
from clicktrail.model.recipient import normalize_recipient
from clicktrail.rewrite.esp_template import parse_esp_tags
from clicktrail.rewrite.policy import parse_policy
from clicktrail.rewrite.sensitive import parse_sensitive_rules
from clicktrail.server.pipeline.track import MessageIdentity, parse_control_headers, track_message
from clicktrail.tokens import (
    SECRET_BYTES,
    Key,
    KeyRing,
    LandingTokenSealer,
    decode_short_token,
    open_campaign_token,
    open_token,
)
from clicktrail.tracking import MessageMetadata, Tracker
from clicktrail.utm import Convention, UtmTagger, parse_convention
from clicktrail.utm.audit import audit_rows
from clicktrail.utm.export import read_export
from clicktrail.utm.lint import explain_unchecked, fix_url, lint_url
from tests.support.dkim_keys import ED25519_KEY

_NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
_METADATA = MessageMetadata(
    message_id="m1", sent_at=_NOW, recipient="a@b.example", campaign="c", consent=Consent.GRANTED
)
_RING = KeyRing([Key(number=0, secret=b"k" * SECRET_BYTES)])
_CONVENTION = Convention(source="email", medium="newsletter", content="{location}_{element}_{label}", own_hosts=("*",))
_TRACKER = Tracker(
    ring=_RING,
    domain="https://links.example.com",
    convention=_CONVENTION,
    sensitive_rules=parse_sensitive_rules(
        (resources.files("clicktrail.rewrite") / "data" / "sensitive.toml").read_text("utf-8")
    ),
)


_SIGNING_TRACKER = dataclasses.replace(_TRACKER, dkim_keys=(ED25519_KEY,))
_EXPORT_FORMATS = parse_export_formats(
    (resources.files("clicktrail.audit") / "data" / "exports.toml").read_text("utf-8")
)
_JUDGE_AGENTS = parse_agents((resources.files("clicktrail.judge") / "data" / "agents.toml").read_text("utf-8"))

Parts = tuple[str, str, str]
"""Context, repeated piece and end of an input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileGrammar:
    """Input for one parser.

    Attributes:
        parse: the parser. It may not raise.
        contexts: texts before the repeated piece.
        pieces: what is repeated.
        ends: texts after the repeated piece.
        max_bytes: size for which a parser must take less than two seconds.
    """

    parse: Callable[[str], object]
    contexts: Sequence[str]
    pieces: Sequence[str]
    ends: Sequence[str]
    max_bytes: int = 5_000_000


def build_input(parts: Parts, *, size: int) -> str:
    """Repeat the piece until the input has about ``size`` bytes in UTF-8."""
    context, piece, end = parts
    return context + piece * (size // len(piece.encode(errors="surrogatepass"))) + end


def _track(message: str, tracker: Tracker = _TRACKER) -> None:
    """Rewrite a message as the relay does. Lone surrogates become bytes that are not UTF-8."""
    headers = parse_control_headers(message.encode("utf-8", "surrogateescape"))
    identity = MessageIdentity(message_id="m1", short_code=7)
    track_message(headers, tracker=tracker, recipients=["a@b.example"], identity=identity, now=_NOW)


def _rewrite_html(html: str) -> None:
    _TRACKER.rewrite_html(html, _METADATA)


def _rewrite_text(text: str) -> None:
    _TRACKER.rewrite_text(text, _METADATA)


def _compile_campaign(html: str) -> None:
    with suppress(ClicktrailError):
        campaign = _TRACKER.compile(html=html, text=html, campaign="c")
        campaign.render(_METADATA, link_set_id=1, destinations={"{{a}}": "https://x.example/"})


def _rewrite_template(html: str) -> None:
    with suppress(ClicktrailError):
        template = _TRACKER.find_template(html.encode(), BodyType.HTML, _METADATA)
        _TRACKER.fill_template(template, _METADATA, link_set_id=1, merge_tag="{{id}}")


def _lint(url: str) -> None:
    lint_url(url, _CONVENTION)
    explain_unchecked(url, _CONVENTION)
    fix_url(url, _CONVENTION, campaign="c")
    UtmTagger(_CONVENTION, campaign=url[:1_000]).tag_url(url, label=url)


def _audit_export(text: str) -> None:
    with suppress(ClicktrailError):
        audit_rows(read_export(text), _CONVENTION)


def _read_events(text: str) -> None:
    lines = text.encode("utf-8", "surrogateescape").splitlines(keepends=True)
    with suppress(ClicktrailError):
        for _ in read_events(lines, _EXPORT_FORMATS, on_unreadable=lambda _number, _error: None):
            pass


def _parse_settings(text: str) -> None:
    for parse in (parse_convention, parse_policy, parse_sensitive_rules, parse_esp_tags):
        with suppress(ClicktrailError):
            parse(text)


def _open_tokens(token: str) -> None:
    for open_ in (
        partial(open_token, _RING),
        partial(open_campaign_token, _RING),
        decode_short_token,
        LandingTokenSealer(_RING).open,
    ):
        with suppress(TokenError):
            open_(token)


def _parse_user_agent(text: str) -> None:
    _JUDGE_AGENTS.find(text)
    parse_browser(text)


_URL_PIECES = (
    *(
        "?",
        "&",
        "=",
        "#",
        "%",
        "%4",
        "%zz",
        ";",
        "/",
        "//",
        "/.",
        "/..",
        "..",
        ".",
        "@",
        ":",
        "\\\\",
        "[",
        "{",
        "<",
        "-",
        "_",
    ),
    *(
        "a",
        "A",
        "1",
        "é",
        "a\u0315\u0300",
        "一",
        "😀",
        "xn--",
        "xn--a.",
        "a.",
        "a-",
        "{{",
        "{%",
        "*|",
        "|*",
        "[[",
        "%a",
        "%a%",
    ),
    *(
        "utm_source=",
        "&utm_source=a",
        "?utm_source=",
        "#utm_a=b",
        "&amp;",
        "amp;",
        "&utm_a=b",
        "&a=b",
        "://",
        "2026-12-",
    ),
)
_HTML_PIECES = (
    *(
        "<",
        "<a",
        "<a ",
        "<a href=",
        "<a href='",
        '<a href="',
        "<a a=b ",
        "<x '",
        '<x "',
        "<x =",
        "<x/",
        "</",
        "</x ",
        "<!",
    ),
    *("<?", "<!--", "<!--[if a]>", "<!--[if", "<!-->", "<!---", "-->", "--!>", "<![CDATA[", "]]>", "<style>", "<style"),
    *("<script><!--", "<script>", "</script", "<![if a]>", "<title>", "<textarea>", "<plaintext>", "<a href=x>", "<p>"),
    *("<td a='b' c=\"d\">", "<p ='\">", "<img", "<img ", "<img alt=", "<img alt='a'>", "<v:a href=https://x.example/>"),
    *(
        "<area href=https://x.example/>",
        "<a href=https://x.example/>",
        "<a href=https://x.example/>a</a>",
        "<base href=a>",
    ),
    *(
        "<a href='{{a}}' data-clicktrail-group=g>",
        "<a href=https://x.example/ class=button>",
        "<footer",
        "header",
        "footer",
    ),
    *(
        "unsubscribe",
        "&amp",
        "&amp;",
        "&#",
        "&#1",
        "&#x1",
        "&lt",
        " ",
        "\n",
        "a",
        "=",
        "'",
        '"',
        "é",
        "a\u0315\u0300",
        "😀",
    ),
    *("a=b ", "a ", "href=x ", "\0", "\udc80", "-", "a.", "0"),
)
_TEXT_PIECES = (
    *(
        "https://a(",
        "https://a)",
        "https://",
        "(",
        ")",
        "https://a[",
        "> ",
        "\n>",
        "h",
        ".",
        "http://a.",
        "https://a.example/ ",
    ),
    *(
        "'",
        "'s",
        '"a',
        '"a"',
        "と",
        "xと",
        "https://a.comと",
        "a.comと.",
        "a \n",
        " \n",
        "<https://a \n",
        "<http://a\n",
        "-- \n",
    ),
    *(
        "{{",
        "{{a}}",
        "{%",
        "<%",
        "[[",
        "{{{",
        "}}",
        "(a)",
        "((a)",
        "https://a((a)",
        "https://a(a",
        "\r",
        "\t",
        "a\u0315\u0300",
    ),
)
_HEADER_PIECES = (
    *(" ", "a", "\t", "\n ", "\r\n\t", "\0", "\udcff", "é", "=", "=?", "?=", "=?utf-8?q?", "=?utf-8?q?=41?="),
    *("=?utf-8?q?a?= ", "=?utf-8?b?QQ==?=\n ", "=?utf-8?b?", "=?a?q?x", "=?none?q?a?=", "(", ")", "()", "(a"),
    *('"', '\\"', ";", "; ", ";a=", ';a="', "; a*0*=utf-8''%41", ",<a@b>", ";d=a", "a:;,"),
)
_LINK = "https://x.example/?a=b"
_HTML_FIELDS = "Content-Type: text/html; charset=utf-8\n"
_QP_FIELDS = "MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n"
_BASE64_FIELDS = "Content-Transfer-Encoding: base64\n"
_BASE64_LINK = base64.b64encode(b"https://x.example/ " * 3).decode() + "\n"


def _fill(start: str, piece: str, end: str) -> str:
    """Repeat a piece up to the size of a link of which 10,000 have 5 MB."""
    room = _LARGE_LINK_BYTES - len(start.encode()) - len(end.encode())
    return start + piece * (room // len(piece.encode())) + end


_LARGE_LINK_BYTES = 499

GRAMMARS = {
    "header value": HostileGrammar(
        parse=_track,
        contexts=["Subject: x", "Content-Type: x", 'Content-Disposition: x; a="', "X-Clicktrail-Campaign: x"],
        pieces=_HEADER_PIECES,
        ends=["!\n\nhttps://x.example/"],
    ),
    "header lines": HostileGrammar(
        parse=_track,
        contexts=["", "DKIM-Signature: d=example.com\n"],
        pieces=[
            *("a:\n", "a: b\r\n", "Subject: =?utf-8?q?a?=\n", "To: a\n", "X-Clicktrail-Campaign: a\n", "\r", " \n"),
            *("DKIM-Signature: v=1; d=example.com\n", f"{_HTML_FIELDS}", "From a\n", "\n"),
        ],
        ends=["\nhttps://x.example/"],
    ),
    "signed message": HostileGrammar(
        parse=partial(_track, tracker=_SIGNING_TRACKER),
        contexts=[f"DKIM-Signature: v=1; d=example.com\nFrom: a\n\n{_LINK}", "From: a", "DKIM-Signature: v=1"],
        pieces=["\n", "\r\n", " ", "\t", "\r", " \n", "a ", "\n ", ";", "; d", ";d=example.com", "; d =a", "To: a\n"],
        ends=["", f";d=example.com\nDKIM-Signature: d=example.com\n\n{_LINK}"],
    ),
    "multipart": HostileGrammar(
        parse=_track,
        contexts=["Content-Type: multipart/mixed; boundary=b\n\n", "Content-Type: multipart/mixed; boundary="],
        pieces=[
            *(
                "--b\n",
                "--b\n\n",
                "--b\nContent-Type: text/html; charset=x\n\n<a href=https://x.example/>\n",
                "\n--",
                "-",
            ),
            *(
                "--b \t",
                "--b--\n",
                "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
                "--b\nA: b\n",
                "b",
                "\n--b\r\n\r\n",
            ),
            *("--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n", "\r\n", "--b\nA"),
        ],
        ends=["", f"\n--b\n\n{_LINK}\n--b--"],
    ),
    "quoted-printable": HostileGrammar(
        parse=_track,
        contexts=[f"{_QP_FIELDS}\n{_LINK} ", f"{_QP_FIELDS}{_HTML_FIELDS}\n<a href=3D{_LINK}>"],
        pieces=[
            *(
                "=",
                "=\n",
                "= ",
                "=3D",
                "\r",
                "=\r",
                "\n",
                " ",
                " \n",
                "=C3=A9",
                "=\r\n",
                "=0D",
                "https://x.example/=\n ",
                "a",
            ),
            *("\t", "=3", "<a href=3Dhttps://x.example/>", "é", "\udcff"),
        ],
        ends=["", f" {_LINK}=", f"<a href=3D{_LINK}>"],
    ),
    "base64": HostileGrammar(
        parse=_track,
        contexts=[
            *(f"{_BASE64_FIELDS}\n{_BASE64_LINK}", f"{_BASE64_FIELDS}\n"),
            f"{_BASE64_FIELDS}\n" + "\n".join(_BASE64_LINK),
        ],
        pieces=[
            " ",
            "\n",
            "A",
            "A\n",
            "AAAA\n",
            "A ",
            "=",
            "A=",
            "AQ= ",
            "AQ==",
            "aHR0cHM6Ly9hLmI=\n",
            "\v",
            _BASE64_LINK,
        ],
        ends=["", "!", "="],
    ),
    "plain text": HostileGrammar(
        parse=_rewrite_text,
        contexts=["", "<https://x.example/", "https://x.example/"],
        pieces=_TEXT_PIECES,
        ends=["", ">", "\nhttps://x.example/"],
    ),
    "flowed text": HostileGrammar(
        parse=_track,
        contexts=[f"Content-Type: text/plain; format=flowed; delsp={delsp}\n\n<{_LINK}" for delsp in ("yes", "no")],
        pieces=_TEXT_PIECES,
        ends=["", ">"],
    ),
    "charset": HostileGrammar(
        parse=_track,
        contexts=[
            f"Content-Type: text/html; charset={charset}\n\n<a href=https://x.example/>"
            for charset in ("iso-2022-jp", "gb2312", "koi8-r", "hz", "us-ascii", "big5", "shift_jis", "utf-8-sig")
        ],
        pieces=["a", "\x1b$B", "\x1b(B", "~{", "\udcff", "é", "\0a", "<a href=https://x.example/>é", "a\u0315\u0300"],
        ends=[""],
    ),
    "HTML": HostileGrammar(
        parse=_rewrite_html,
        contexts=[
            *(
                "",
                "<a ",
                "<a href='https://x.example/",
                "<a href='https://x.example/'>",
                "<!--[if mso]>",
                "<script><!--",
            ),
            *(
                "<base href='https://x.example/",
                "<base href='https://x.example/a'>",
                "<a href='https://x.example/' a='",
            ),
        ],
        pieces=_HTML_PIECES,
        ends=["", "'><a href=b>c</a>"],
    ),
    "URL in HTML": HostileGrammar(
        parse=_rewrite_html,
        contexts=["<a href='https://", "<a href='https://x.example/?"],
        pieces=_URL_PIECES,
        ends=["'>Link</a>"],
    ),
    "campaign": HostileGrammar(
        parse=_compile_campaign,
        contexts=["", "<a href='https://x.example/'>"],
        pieces=_HTML_PIECES,
        ends=["<a href=b>"],
    ),
    "template": HostileGrammar(
        parse=_rewrite_template,
        contexts=["", "<a href='https://x.example/'>"],
        pieces=[piece for piece in _HTML_PIECES if piece.isprintable()],
        ends=["<a href=b>"],
    ),
    "URL": HostileGrammar(
        parse=_lint,
        contexts=[
            *(
                "https://",
                "https://x.example/",
                "https://x.example/?",
                "https://x.example/#",
                "https://x.example/?utm_source=",
            ),
            *("https://x.example/?utm_campaign=", "https://x.example/?utm_medium=newsletter&utm_campaign=2026-12_"),
        ],
        pieces=_URL_PIECES,
        ends=["", "&utm_source=A#"],
    ),
    "UTM export": HostileGrammar(
        parse=_audit_export,
        contexts=[
            "",
            "utm_source,utm_medium\n",
            "utm_campaign,sessions\n",
            'utm_source;utm_term\n"',
            "source / medium\n",
        ],
        pieces=[
            *(
                ",",
                "\n",
                '"',
                '""',
                "a,b\n",
                "#\n",
                "Grand total\n",
                "(",
                ";",
                "\t",
                "a / b",
                "utm_source,",
                "1",
                ".0",
                "a,1\n",
            ),
            *(
                " ",
                "\r",
                "E-Mail,email\n",
                "a",
                "é",
                "a\u0315\u0300",
                "_",
                "-",
                "A",
                "2026-12-",
                "\0",
                "aB",
                "session ",
            ),
        ],
        ends=["", "\n", "!\nnewsletter,9\n"],
    ),
    "event log": HostileGrammar(
        parse=_read_events,
        max_bytes=1_000_000,  # every event takes 20 µs, and a file may have any number
        contexts=[
            '{"type":"click","at":"2026-01-01T00:00:00Z","id":"a","x":',
            "",
            "event,timestamp,email,url\n",
            "timestamp,",
        ],
        pieces=[
            *(
                "[",
                "{",
                '{"a":',
                "1",
                '"',
                "\\\\",
                "\n",
                "{}\n",
                ",",
                "click,",
                "click,1,a@b,c\n",
                '""',
                '"\n',
                ";",
                "\t",
                "a,",
                " ",
            ),
            *(
                '{"type":"sent","id":"a","at":"2026-01-01T00:00:00Z"}\n',
                '"a":1,',
                "é",
                "\0",
                "\r",
                "-",
                "1e9",
                "2026-01-01 ",
            ),
        ],
        ends=["", '"}\n'],
    ),
    "settings": HostileGrammar(
        parse=_parse_settings,
        max_bytes=400_000,  # the standard library's parser takes 1 µs for a character, and four files are parsed
        contexts=["", "a = ", "source = '"],
        pieces=[
            "[",
            "[[a]]\n",
            "a.",
            "[a",
            '"',
            "'''",
            "{",
            "{a=",
            "#",
            "\n",
            "a",
            "1",
            "_",
            " ",
            "\\\\",
            "[a]\n",
            "é",
        ],
        ends=["", "'\n"],
    ),
    "recipient": HostileGrammar(
        parse=normalize_recipient,
        contexts=["", "a@", "Name <a@b.example>, "],
        pieces=["\u0315\u0300", "<", ">", "@", "xn--a.", "Σ", "İ", "a", " ", "<a@b>", "\udcff", "."],
        ends=["", "@b.example", ">"],
    ),
    "token": HostileGrammar(
        parse=_open_tokens,
        contexts=["", "A"],
        pieces=["A", "-", "/", "=", "é", "\udcff", "o", "U"],
        ends=["A", "U", "o"],
    ),
    "user agent": HostileGrammar(
        parse=_parse_user_agent,
        contexts=[
            *(
                "",
                "Mozilla/5.0 (",
                "Mozilla/5.0 (X11) AppleWebKit/",
                "Mozilla/5.0 (X11) AppleWebKit/1 (KHTML, like Gecko) Chrome/",
            ),
            *("Mozilla/5.0 (rv:1) Gecko/", "Mozilla/5.0 (rv:1) Gecko/1 Firefox/", "Mozilla/5.0 (rv:"),
        ],
        pieces=["1", "1.", ".", "a", " ", "rv:1", "; wv", ")", "(", "é", "Mobile ", "Safari/1 "],
        ends=["", "x)", " Safari/1 x"],
    ),
}
GRAMMARS["overlong line"] = HostileGrammar(  # with a tracking URL, so that the body becomes quoted-printable
    parse=_track,
    contexts=[f"MIME-Version: 1.0\n{_HTML_FIELDS}\n{'x' * 930}<a href=https://x.example/>\n"],
    pieces=[
        "\n",
        "a\n",
        " \n",
        "\t\n",
        "é\n",
        "=\n",
        "\r",
        "\r\n",
        "é",
        "=",
        "a ",
        f"{'a' * 76}\n",
        f"{'é' * 26}\n",
        " ",
        "\udcff",
    ],
    ends=["", "<a href=https://x.example/>"],
)
GRAMMARS["large text links"] = HostileGrammar(
    parse=_rewrite_text,
    contexts=[""],
    pieces=[
        _fill("https://x.example/?", piece, " ")
        for piece in ("&a", "é", "token.", "(a)", "{{a}}", "と", "a\u0315\u0300", "%41")
    ],
    ends=[""],
)
GRAMMARS["large encoded links"] = HostileGrammar(
    parse=_track,
    contexts=[f"{_QP_FIELDS}{_HTML_FIELDS}\n", f"{_HTML_FIELDS}\n", "Content-Type: text/html; charset=gbk\n\n"],
    pieces=[
        _fill("<a href=3Dhttps://x.example/>", piece, "") for piece in ("=\n", "=C3=A9", "= \n", "é", "\r", "=", "a")
    ],
    ends=["", "="],
)
GRAMMARS["large links"] = HostileGrammar(
    parse=_rewrite_html,
    contexts=["", "<!--[if mso]>"],
    pieces=[
        _fill("<a href='https://x.example/?", piece, "'>")
        for piece in ("&a", "&%61%61%61%61", "é", "a/../", "&#38;a", "token.")
    ]
    + [
        _fill("<a href='https://", piece, "/'>a.b</a>")
        for piece in ("一", "a\u0315\u0300", "".join(map(chr, range(0x4E00, 0x4E96))))
    ]
    + [
        _fill("<a href=https://x.example/?utm_source=A", "a=b ", ">"),
        _fill("<a ", "a=b ", "href=https://x.example/>"),
        _fill("<a href=https://x.example/>", "<b>&lt;", "</a>"),
        _fill("<a href=https://x.example/>", "é.", "</a>"),
        _fill("<v:a href=https://x.example/>", "<img ", ""),
        _fill("<area href=https://x.example/>", "<img alt= ", ""),
    ],
    ends=[""],
)

ONCE_SLOW: dict[str, list[Parts]] = {
    "header value": [
        ("Subject: x", "=?utf-8?q?=41?=", "!\n\nhttps://x.example/"),
        ("Subject: x", "=?a?q?x", "!\n\nhttps://x.example/"),
        ("X-Clicktrail-Campaign: x", "=?utf-8?b?QQ==?=\n ", "!\n\nhttps://x.example/"),
        ("Content-Type: x", " ", "!\n\nhttps://x.example/"),
        ("Content-Type: x", "(a", "!\n\nhttps://x.example/"),
    ],
    "base64": [
        (f"{_BASE64_FIELDS}\n", " ", "!"),
        (f"{_BASE64_FIELDS}\n", "A ", "!"),
        (f"{_BASE64_FIELDS}\n", "\n", "="),
    ],
    "quoted-printable": [(f"{_QP_FIELDS}\n{_LINK} ", "\r", f" {_LINK}="), (f"{_QP_FIELDS}\n{_LINK} ", "=", "")],
    "overlong line": [(f"MIME-Version: 1.0\n{_HTML_FIELDS}\n{'x' * 930}<a href=https://x.example/>\n", "\n", "")],
    "HTML": [
        ("", "<a href=https://x.example/>", ""),
        ("<!--[if mso]>", "<v:a href=https://x.example/>", ""),
        (f"<base href='https://x.example/{'a' * 3_000}'>", "<a href=b>", ""),
        ("<a href='https://x.example/'>", "a\u0315\u0300", ""),
        ("<a href='https://x.example/'><img ", "<img ", ""),
    ],
    "URL": [
        ("https://x.example/?", "&utm_a=b", ""),
        ("https://x.example/?utm_source=", "*|a", ""),
        ("https://x.example/?utm_campaign=", "a\u0315\u0300", ""),
        ("https://", "一", ""),
    ],
    "UTM export": [
        ("utm_source,utm_medium\n", "a\u0315\u0300", ""),
        ("utm_source\n", "a,b\n", ""),
        ("utm_source,", "utm_source,", "\na\na"),
    ],
    "settings": [("", "a.", "a = 1"), ("a = ", "[", ""), ("a = ", "1", "")],
    "user agent": [
        ("Mozilla/5.0 (X11) AppleWebKit/1 (KHTML, like Gecko) Chrome/", "1", ""),
        ("Mozilla/5.0 (iPhone) AppleWebKit/1 (KHTML, like Gecko) Version/", "1", " Safari/1 x"),
    ],
    "recipient": [("a", "\u0315\u0300", "@b.example"), ("a", "<", "@b.example"), ("a@", "xn--a.", "b")],
}
"""Input that took more than linear time, or more than five seconds for 5 MB, when it was found."""
