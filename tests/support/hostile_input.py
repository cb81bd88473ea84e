"""Hostile input of any size for every parser: a piece that is repeated, after text that leads into a part of it.

tests/test_linear_time.py measures every piece in one context; `./dev fuzz` combines all at random.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from clicktrail.merge_tags.finder import search_all
from clicktrail.model.recipient import normalize_recipient
from clicktrail.rewrite.candidate import MAX_ALL_URLS_BYTES
from tests.support.hostile_parsers import (
    SIGNING_TRACKER,
    audit_export,
    compile_campaign,
    lint,
    name_links,
    open_tokens,
    parse_settings,
    parse_user_agent,
    read_event_file,
    read_landing_page,
    read_received_message,
    read_web_answer,
    restore_utm,
    rewrite_html,
    rewrite_template,
    rewrite_text,
    search_secret,
    track,
    unwrap,
)
from tests.support.hostile_pieces import (
    BASE64_FIELDS,
    BASE64_LINK,
    HEADER_PIECES,
    HTML_FIELDS,
    HTML_PIECES,
    LINK,
    MERGE_TAG_PIECES,
    QP_FIELDS,
    SECRET_URL_PIECES,
    TEXT_PIECES,
    URL_PIECES,
    UTM_PIECES,
    WRAPPER_PIECES,
    fill,
)

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


GRAMMARS = {
    "web answer": HostileGrammar(
        parse=read_web_answer,
        contexts=[
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nA: ",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
        pieces=["a", ";", "=", "a=;", '"', " ", "0", "max-age=", "a: b\r\n", "\r\n", "1\r\na\r\n", "\n "],
        ends=["", "\r\n\r\n"],
        max_bytes=65_536,  # more of an answer is not read
    ),
    "landing page": HostileGrammar(
        parse=read_landing_page,
        contexts=["", "<script ", "<script>_paq", "<!--", '<script data-website-id data-exclude="'],
        pieces=[
            *("<script", "<script ", "<script>", "</script", "<!--", "-->", "a=", "a ", '"', "'", "<", ">", "/", "*"),
            *(
                "**,",
                "setCampaignNameKey',[",
                "setCampaignNameKey','",
                "script-src a;",
                "<script data-website-id src=a>",
            ),
        ],
        ends=["", "</script>", '">'],
        max_bytes=2_000_000,
    ),
    "received message": HostileGrammar(
        parse=read_received_message,
        contexts=[f"DKIM-Signature: a\n{HTML_FIELDS}\n<a href='https://click.pstmrk.it/", f"{HTML_FIELDS}\n"],
        pieces=[
            "x.example",
            "x.example%2F",
            "%25",
            "%2F",
            "<a href='https://click.pstmrk.it/3s/x.example%2Fa'>",
            "a",
            "\n",
        ],
        ends=["", "'>"],
    ),
    "header value": HostileGrammar(
        parse=track,
        contexts=[
            "Subject: x",
            "Content-Type: x",
            'Content-Disposition: x; a="',
            "Content-Disposition: inline",
            "X-Clicktrail-Campaign: x",
            "List-Unsubscribe: <https://x",
        ],
        pieces=HEADER_PIECES,
        ends=["!\n\nhttps://x.example/"],
    ),
    "header lines": HostileGrammar(
        parse=track,
        contexts=["", "DKIM-Signature: d=example.com\n"],
        pieces=[
            *("a:\n", "a: b\r\n", "Subject: =?utf-8?q?a?=\n", "To: a\n", "X-Clicktrail-Campaign: a\n", "\r", " \n"),
            *("DKIM-Signature: v=1; d=example.com\n", f"{HTML_FIELDS}", "From a\n", "\n"),
        ],
        ends=["\nhttps://x.example/"],
    ),
    "signed message": HostileGrammar(
        parse=partial(track, tracker=SIGNING_TRACKER),
        contexts=[f"DKIM-Signature: v=1; d=example.com\nFrom: a\n\n{LINK}", "From: a", "DKIM-Signature: v=1"],
        pieces=["\n", "\r\n", " ", "\t", "\r", " \n", "a ", "\n ", ";", "; d", ";d=example.com", "; d =a", "To: a\n"],
        ends=["", f";d=example.com\nDKIM-Signature: d=example.com\n\n{LINK}"],
    ),
    "multipart": HostileGrammar(
        parse=track,
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
            *("--b\nContent-Disposition: inline\nContent-Type: multipart/related; boundary=b\n\n", "\n--b --", " "),
            *("--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n", "\r\n", "--b\nA"),
        ],
        ends=["", f"\n--b\n\n{LINK}\n--b--"],
    ),
    "quoted-printable": HostileGrammar(
        parse=track,
        contexts=[f"{QP_FIELDS}\n{LINK} ", f"{QP_FIELDS}{HTML_FIELDS}\n<a href=3D{LINK}>"],
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
        ends=["", f" {LINK}=", f"<a href=3D{LINK}>"],
    ),
    "base64": HostileGrammar(
        parse=track,
        contexts=[
            *(f"{BASE64_FIELDS}\n{BASE64_LINK}", f"{BASE64_FIELDS}\n"),
            f"{BASE64_FIELDS}\n" + "\n".join(BASE64_LINK),
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
            BASE64_LINK,
        ],
        ends=["", "!", "="],
    ),
    "plain text": HostileGrammar(
        parse=rewrite_text,
        contexts=["", "<https://x.example/", "https://x.example/", "a"],
        pieces=TEXT_PIECES,
        ends=["", ">", "\nhttps://x.example/"],
    ),
    "flowed text": HostileGrammar(
        parse=track,
        contexts=[f"Content-Type: text/plain; format=flowed; delsp={delsp}\n\n<{LINK}" for delsp in ("yes", "no")],
        pieces=TEXT_PIECES,
        ends=["", ">"],
    ),
    "charset": HostileGrammar(
        parse=track,
        contexts=[
            f"Content-Type: text/html; charset={charset}\n\n<a href=https://x.example/>"
            for charset in ("iso-2022-jp", "gb2312", "koi8-r", "hz", "us-ascii", "big5", "shift_jis", "utf-8-sig")
        ],
        pieces=[
            *(
                "\x1b$B!!\x1b(B",
                "\x1b$)C",
                "\x0e",
                "\x0f",
                "\x0e!!\x0f",
                "\x1b$*H",
                "\x1bN",
                "\x1b$B\n",
                "~}",
                "~~",
                "~{!!~}",
                "~{aaa",
            ),
            *("\x1b$B!!\x1b(B<a href=https://x.example/>",),
            "a",
            "\x1b$B",
            "\x1b(B",
            "~{",
            "\udcff",
            "é",
            "\0a",
            "<a href=https://x.example/>é",
            "a\u0315\u0300",
        ],
        ends=[""],
    ),
    "HTML": HostileGrammar(
        parse=rewrite_html,
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
        pieces=HTML_PIECES,
        ends=["", "'><a href=b>c</a>"],
    ),
    "URL in HTML": HostileGrammar(
        parse=rewrite_html,
        contexts=["<a href='https://", "<a href='https://x.example/?"],
        pieces=URL_PIECES,
        ends=["'>Link</a>"],
    ),
    "campaign": HostileGrammar(
        parse=compile_campaign,
        contexts=["", "<a href='https://x.example/'>"],
        pieces=HTML_PIECES,
        ends=["<a href=b>"],
    ),
    "template": HostileGrammar(
        parse=rewrite_template,
        contexts=["", "<a href='https://x.example/'>"],
        pieces=[piece for piece in HTML_PIECES if piece.isprintable()],
        ends=["<a href=b>"],
    ),
    "URL": HostileGrammar(
        parse=lint,
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
        pieces=URL_PIECES,
        ends=["", "&utm_source=A#"],
    ),
    "link of an audit": HostileGrammar(
        parse=name_links,
        contexts=["https://x.example/", "https://x.example/?", ""],
        pieces=["a", "1a", "aaaaaaaaaaaaaaaa1", "/", "a0-", "&a=1b", "@", "%40"],
        ends=["", "?unsubscribe=1"],
    ),
    "UTM parameters": HostileGrammar(
        parse=restore_utm,
        max_bytes=200_000,  # lint reads 10,000
        contexts=[
            *(
                "https://x.example/?",
                "https://x.example/",
                "https://x.example/?utm_source=",
                "https://x.example/?a=https://",
            ),
            *("https://x.example/#", "https://x.example/?utm", "https://", ""),
        ],
        pieces=UTM_PIECES,
        ends=["", "utm_a=b", "#utm_a=b"],
    ),
    "wrapped URL": HostileGrammar(
        parse=unwrap,
        max_bytes=1_000_000,  # of a pasted text, 100,000 characters are read
        contexts=[
            *(
                "https://urldefense.com/v3/__https://a/",
                "https://eur01.safelinks.protection.outlook.com/?url=",
                "> <https://",
            ),
            *(
                "https://secure-web.cisco.com/a/",
                "https://url.avanan.click/v2/___",
                "https://a.mimecast.com/redirect/eJ",
                "",
            ),
            *("https://us.protection.sophos.com/?u=aHR0", "https://www.google.com/url?", "(https://"),
        ],
        pieces=WRAPPER_PIECES,
        ends=["", "__;Iw!!", "___", ">"],
    ),
    "secret URL": HostileGrammar(
        parse=search_secret,
        contexts=[
            *("https://x.example/", "https://x.example/confirm/", "https://x.example/?key=", "https://x.example/#"),
            *("https://x.example/?expires=1&a=", "https://x.example/invite?u=https://y.example/reset?", "reset/"),
        ],
        pieces=SECRET_URL_PIECES,
        ends=["", "?token", "&hash=1a2b3c4d5e6f#aB3"],
    ),
    "merge tag": HostileGrammar(
        parse=search_all,
        max_bytes=2_000_000,  # find_merge_tag searches less
        contexts=["https://x.example/", "{", "[aa", "{{", "%%", "https://x.example/?a="],
        pieces=MERGE_TAG_PIECES,
        ends=["", "\n"],
    ),
    "merge tag in text": HostileGrammar(
        parse=rewrite_text,
        contexts=["https://x.example/", "https://x.example/{{", "https://x.example/?a=[aa|"],
        pieces=MERGE_TAG_PIECES,
        ends=["", "\n"],
    ),
    "UTM export": HostileGrammar(
        parse=audit_export,
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
        parse=read_event_file,
        max_bytes=1_000_000,  # every event takes 20 µs, and a file may have any number
        contexts=[
            '{"type":"click","at":"2026-01-01T00:00:00Z","id":"a","x":',
            "",
            "event,timestamp,email,url\n",
            "timestamp,",
            "type,at,recipient,url\n",
            "[",
            '{"data":[',
            "event=click&email=a&ts_event=1795003600&a=",
            "\ufeff",
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
                '{"event":"click","email":"a@b","ts_event":1795003600},',
                '{"a":{"b":[{"c":1}]}},',
                '{"a":"{\\"b\\":1}"}',
                "click,11/12/2026,a@b,c\n",
                "click,18.11.2026 08:06,a@b,c\n",
                "2026-11-18,",
                "&a=b",
                "\udcff",
                "\udce9t\udce9\n",
                "]",
                "}",
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
        parse=parse_settings,
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
        parse=open_tokens,
        contexts=["", "A"],
        pieces=[
            *("A", "-", "/", "=", "é", "\udcff", "o", "U", ".", " ", "~", "3D", "=3D", "=\n"),
            *("%", "%25", "%41", "%2541", "%C2%AD", "\u00ad", "\u2014", "http://", "{{a}}", "\u3000"),
        ],
        ends=["A", "U", "o", "{", "é"],
    ),
    "user agent": HostileGrammar(
        parse=parse_user_agent,
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
    parse=track,
    contexts=[f"MIME-Version: 1.0\n{HTML_FIELDS}\n{'x' * 930}<a href=https://x.example/>\n"],
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
    parse=rewrite_text,
    contexts=[""],
    pieces=[
        fill("https://x.example/?", piece, " ")
        for piece in ("&a", "é", "token.", "(a)", "{{a}}", "と", "a\u0315\u0300", "%41", "%%", "[%", "[[a")
    ],
    ends=[""],
    max_bytes=MAX_ALL_URLS_BYTES,  # with more, no link is looked at
)
GRAMMARS["large encoded links"] = HostileGrammar(
    parse=track,
    contexts=[f"{QP_FIELDS}{HTML_FIELDS}\n", f"{HTML_FIELDS}\n", "Content-Type: text/html; charset=gbk\n\n"],
    pieces=[
        fill("<a href=3Dhttps://x.example/>", piece, "") for piece in ("=\n", "=C3=A9", "= \n", "é", "\r", "=", "a")
    ],
    ends=["", "="],
)
GRAMMARS["large URLs"] = HostileGrammar(
    parse=rewrite_html,
    contexts=["", "<!--[if mso]>"],
    pieces=[
        fill("<a href='https://x.example/?", piece, "'>")
        for piece in ("&a", "&%61%61%61%61", "é", "a/../", "&#38;a", "token.", "/confirm", "%%", "[%", "%25")
    ]
    + [
        fill("<a href='https://", piece, "/'>a.b</a>")
        for piece in ("一", "a\u0315\u0300", "".join(map(chr, range(0x4E00, 0x4E96))))
    ],
    ends=[""],
    max_bytes=MAX_ALL_URLS_BYTES,
)
GRAMMARS["large links"] = HostileGrammar(
    parse=rewrite_html,
    contexts=["", "<!--[if mso]>"],
    pieces=[
        fill("<a href=https://x.example/?utm_source=A", "a=b ", ">"),
        fill("<a ", "a=b ", "href=https://x.example/>"),
        fill("<a href=https://x.example/>", "<b>&lt;", "</a>"),
        fill("<a href=https://x.example/>", "é.", "</a>"),
        fill("<v:a href=https://x.example/>", "<img ", ""),
        fill("<area href=https://x.example/>", "<img alt= ", ""),
    ],
    ends=[""],
)

ONCE_SLOW: dict[str, list[Parts]] = {
    "plain text": [("", "a.b/", "https://x.example/"), ("", "a&", "https://x.example/")],
    "header value": [
        ("Subject: x", "=?utf-8?q?=41?=", "!\n\nhttps://x.example/"),
        ("Subject: x", "=?a?q?x", "!\n\nhttps://x.example/"),
        ("X-Clicktrail-Campaign: x", "=?utf-8?b?QQ==?=\n ", "!\n\nhttps://x.example/"),
        ("Content-Type: x", " ", "!\n\nhttps://x.example/"),
        ("Content-Type: x", "(a", "!\n\nhttps://x.example/"),
    ],
    "base64": [
        (f"{BASE64_FIELDS}\n", " ", "!"),
        (f"{BASE64_FIELDS}\n", "A ", "!"),
        (f"{BASE64_FIELDS}\n", "\n", "="),
    ],
    "quoted-printable": [(f"{QP_FIELDS}\n{LINK} ", "\r", f" {LINK}="), (f"{QP_FIELDS}\n{LINK} ", "=", "")],
    "overlong line": [(f"MIME-Version: 1.0\n{HTML_FIELDS}\n{'x' * 930}<a href=https://x.example/>\n", "\n", "")],
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
