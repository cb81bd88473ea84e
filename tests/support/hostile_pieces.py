"""Pieces of hostile input, and texts around them."""

import base64

URL_PIECES = (
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
HTML_PIECES = (
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
TEXT_PIECES = (
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
HEADER_PIECES = (
    *(" ", "a", "\t", "\n ", "\r\n\t", "\0", "\udcff", "é", "=", "=?", "?=", "=?utf-8?q?", "=?utf-8?q?=41?="),
    *("=?utf-8?q?a?= ", "=?utf-8?b?QQ==?=\n ", "=?utf-8?b?", "=?a?q?x", "=?none?q?a?=", "(", ")", "()", "(a"),
    *('"', '\\"', ";", "; ", ";a=", ';a="', "; a*0*=utf-8''%41", ",<a@b>", ";d=a", "a:;,"),
)
LINK = "https://x.example/?a=b"
HTML_FIELDS = "Content-Type: text/html; charset=utf-8\n"
QP_FIELDS = "MIME-Version: 1.0\nContent-Transfer-Encoding: quoted-printable\n"
BASE64_FIELDS = "Content-Transfer-Encoding: base64\n"
BASE64_LINK = base64.b64encode(b"https://x.example/ " * 3).decode() + "\n"


def fill(start: str, piece: str, end: str) -> str:
    """Repeat a piece up to 500 bytes: 10,000 such links have 5 MB."""
    room = LARGE_LINK_BYTES - len(start.encode()) - len(end.encode())
    return start + piece * (room // len(piece.encode())) + end


LARGE_LINK_BYTES = 499
