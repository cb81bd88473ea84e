"""Find the URL in a pasted text: a line of a mail, a wrapped link, a quoted source.

1. Undo what belongs to the text and not to the URL: marks of quoted lines, quoted-printable, ``&amp;``, and
   ``hxxps://x[.]com``, as security tools write it.
2. The URL begins at its scheme. It ends at white space, a quotation mark, or the bracket that closes the one before it:
   ``<URL>``, ``"URL"``, ``[text](URL)``. A line that was wrapped goes on.
3. Punctuation at its end, and the ``+`` of a preview, belong to the text.
"""

import binascii
import itertools
import re
import unicodedata

MAX_PASTED_CHARS = 100_000
_QUOTE_MARKS = re.compile(r"(\A|\n)[ \t]*(?:[>|][ \t]?)+")
_SOFT_LINE_BREAK = re.compile(r"=[ \t]*\r?\n")
_ESCAPE = re.compile(r"=[0-9A-F]{2}", re.IGNORECASE)
_MIN_ESCAPES = 2
"""``?film=3D`` is no quoted-printable."""
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_SCHEME = re.compile(r"h(?:tt|xx)ps?\[?:\]?//", re.IGNORECASE)
_DEFANGED_DOT = re.compile(r"\[\.\]|\(\.\)|\[dot\]", re.IGNORECASE)
_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_URL = re.compile('[^\\s<>"`\u00ab\u00bb\u2018-\u201f\u2039\u203a\u300a-\u3011]+')
_CLOSING_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_END_OF_URL = "/-_&%#@"
"""Punctuation in Unicode's sense with which a URL may end."""
_WRAPPED_CHARS = 60
"""A shorter line was not wrapped."""


def find_pasted_url(text: str) -> str:
    """Return the first http or https URL of a text, joined and without what surrounds it; empty if there is none."""
    text = _QUOTE_MARKS.sub(r"\1", text[:MAX_PASTED_CHARS])
    scheme = _SCHEME.search(text)
    if scheme is None:
        return ""
    before, rest = text[: scheme.start()].rstrip(), _INVISIBLE.sub("", text[scheme.start() :])
    joined = _SOFT_LINE_BREAK.sub("", rest)
    lines = _LINE_BREAK.split(joined)
    if _is_quoted_printable(lines[0], has_soft_line_break=joined != rest):
        lines = [binascii.a2b_qp(line.encode(errors="replace")).decode(errors="replace") for line in lines]
    else:
        lines = _LINE_BREAK.split(rest)
    found = _URL.match(_join_lines(lines))
    url = _cut_at_closing(found[0] if found else "", before[-1:])
    if scheme[0].lower().startswith("hxx") or _DEFANGED_DOT.search(url):
        url = re.sub(r"\Ahxx", "htt", _DEFANGED_DOT.sub(".", url), flags=re.IGNORECASE).replace("[:]", ":", 1)
    return _strip_end(_AMPERSAND.sub("&", url))


def _is_quoted_printable(line: str, *, has_soft_line_break: bool) -> bool:
    escapes = len(_ESCAPE.findall(line))
    return escapes == line.count("=") and (has_soft_line_break or escapes >= _MIN_ESCAPES)


def _join_lines(lines: list[str]) -> str:
    """Join the lines of a wrapped URL. A line that reads as another sentence or URL is not one of them."""
    url = [lines[0].rstrip(" \t")]
    if " " in url[0]:
        return url[0]
    for previous, line in itertools.pairwise(lines):
        text = line.strip(" \t")
        word, space, _ = text.partition(" ")
        is_word = word.strip(".,;:!?").isalpha() and (space or len(previous) < _WRAPPED_CHARS)
        if not text or is_word or _SCHEME.match(text):
            break
        url.append(text)
        if space:
            break
    return "".join(url)


def _cut_at_closing(url: str, opening: str) -> str:
    """Cut a URL before the quote or bracket that closes the one before it. Brackets within the URL come in pairs."""
    if opening == "'":
        return url.partition("'")[0]
    closing = _CLOSING_BRACKETS.get(opening)
    depth = 1
    for index, character in enumerate(url if closing else ""):
        depth += (character == opening) - (character == closing)
        if not depth:
            return url[:index]
    return url


def _strip_end(url: str) -> str:
    """Strip punctuation from the end of a URL, and brackets that it does not open."""
    surplus = {closing: url.count(closing) - url.count(opening) for opening, closing in _CLOSING_BRACKETS.items()}
    end = len(url)
    while end:
        character = url[end - 1]
        if character in surplus:
            if surplus[character] <= 0:
                break
            surplus[character] -= 1
        elif character != "+" and (character in _END_OF_URL or not unicodedata.category(character).startswith("P")):
            break
        end -= 1
    return url[:end]
