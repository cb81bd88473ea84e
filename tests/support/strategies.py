"""Hypothesis strategies for URLs, HTML and messages, from plausible to malformed."""

from hypothesis import strategies as st

_URL_CHARACTERS = "abcXYZ019-._~!$&'()*+,;=:@/%é"

_HTML_PIECES = [
    *[
        "<a ",
        "<A\n",
        "</a",
        "<area ",
        "<td ",
        "<x",
        "<a/",
        "<abbr ",
        "< a ",
        "</",
        "<",
        ">",
        "/>",
        "<!",
        "<?",
        "<![if !mso]>",
    ],
    *["href=", "HREF = ", "href", "title=", "=", '"', "'", " ", "\n", "\t", "\f", "/", "a", "-", "!", "\0", "é"],
    *["https://x.example/a", "https://x.example/?a=1&amp;b=2", "&copy=2", "&#x26;", "{{url}}", "mailto:a@b", "#"],
    *["<!--", "-->", "--!>", "<!-->", "<!--->", "<!--[if mso]>", "<![endif]-->", "<!--[if !mso]><!-->", "--"],
    *["<script>", "</script>", "<script ", "</script ", "<style>", "</style>", "<title>", "</title>", "<textarea>"],
    *["</textarea>", "<noscript>", "</noscript>", "<plaintext>", "<xmp>", "</xmp >", "<iframe>", "</iframe>"],
]

_TEXT_PIECES = [
    *[
        "https://x.example/a",
        "http://y.example",
        "HTTPS://Z.example/(b)",
        "https://",
        "x",
        ".",
        ",",
        ")",
        "(",
        "[",
        "]",
    ],
    *["<", ">", " ", "\n", "\n> ", "\r\n", '"', "'", "é", "\u3002", "\u3068", "-- \n", "*", "_", "{{x}}", " \n", "'s"],
]

_MIME_PIECES = [
    *["From: a@b.example\n", "Content-Type: ", "text/html", "text/plain", "; charset=utf-8", "; charset=iso-2022-jp\n"],
    *[
        "; charset=utf-16",
        "; charset=nonsense",
        "multipart/mixed; boundary=b",
        "multipart/alternative; boundary=c",
        "\n",
    ],
    *["Content-Transfer-Encoding: quoted-printable\n", "Content-Transfer-Encoding: base64\n", "\r\n", "\n\n", "--b\n"],
    *[
        "--b--\n",
        "--c\n",
        "--c--",
        "message/rfc822\n",
        "Content-Disposition: attachment\n",
        '<a href=3D"http://x.example/=',
        '">',
    ],
    *[
        "<a href='https://x.example/'>",
        "PGEgaHJlZj0iaHR0cDovL3guZXhhbXBsZSI+\n",
        "=\n",
        "=3D",
        "Content-Disposition: inline\n",
        "Content-Type: text/plain; name=a\n",
        "Content-Type: text/html; charset=iso-2022-jp\n",
        "\x1b$B",
        "\x1b(B",
        "<a",
        "\x1b$)C",
        "\x0e",
        "\x0f",
        "~{<a~}",
        "http://x.example/y ",
        "\xe9",
        "\0",
    ],
]


def web_urls() -> st.SearchStrategy[str]:
    """Absolute http and https URLs, most of them valid."""
    return st.builds(
        "{}://{}{}{}{}".format,
        st.sampled_from(["http", "https", "HTTPS"]),
        st.sampled_from(["x.example", "www.x.example:8080", "bücher.example", "192.0.2.1", "[2001:db8::1]"]),
        st.just("") | st.text(_URL_CHARACTERS, max_size=12).map("/{}".format),
        st.just("") | st.text(_URL_CHARACTERS, max_size=12).map("?{}".format),
        st.just("") | st.text(_URL_CHARACTERS + "#?", max_size=8).map("#{}".format),
    )


def html_soups() -> st.SearchStrategy[str]:
    """Pieces of HTML in any order."""
    return _join_pieces(_HTML_PIECES)


def text_soups() -> st.SearchStrategy[str]:
    """URLs and text in any order."""
    return _join_pieces(_TEXT_PIECES)


def mime_soups() -> st.SearchStrategy[bytes]:
    """Pieces of messages in any order; they start with a header field, so that most have a body."""
    return _join_pieces(_MIME_PIECES).map(lambda soup: ("Subject: soup\n" + soup).encode("latin-1"))


def _join_pieces(pieces: list[str]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=40).map("".join)
