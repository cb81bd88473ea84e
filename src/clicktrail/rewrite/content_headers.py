"""Parse Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2183 section 2) as mail programs do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*+))', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_QUOTED = re.compile(r'\\.|"(?:[^"\\]|\\.)++"', re.DOTALL)
_OUTSIDE_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*+"|\\.|[(;]', re.DOTALL)
_INSIDE_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_BEFORE_COMMENT = frozenset(" \t;=")
"""Characters before a comment among parameters. Within a word, as in ``boundary=a(1)b``, programs read no comment."""

# The name may follow without a semicolon, and be encoded or continued (RFC 2231): filename*=, filename*0*=.
_NAME = re.compile(r'(?:^|[\s;])(?:file)?name[\s*0-9]*=\s*+(?!""|;|\Z)', re.IGNORECASE)
_INLINE = re.compile(r'(?:"?inline"?(?:\s+[^\s=]+\s*=.*)?)?', re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterizedValue:
    """A header value with parameters, such as ``text/html; charset=utf-8``.

    Attributes:
        value: text before the parameters, in lower case.
        parameters: values by name in lower case; the first of each name. RFC 2231 continuations are not joined.
    """

    value: str
    parameters: Mapping[str, str]


def parse_parameterized_value(text: str) -> ParameterizedValue:
    """Parse an unfolded Content-Type, Content-Disposition or Content-Transfer-Encoding."""
    text = _remove_comments(text)
    parameters: dict[str, str] = {}
    for parameter in _PARAMETER.finditer(text):
        name, quoted, unquoted = parameter.groups()
        value = unquoted if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        parameters.setdefault(name.lower(), value)
    return ParameterizedValue(value=text.partition(";")[0].strip().lower(), parameters=parameters)


def is_inline(dispositions: Iterable[str]) -> bool:
    """Whether every Content-Disposition is empty or ``inline``; all others are attachments (RFC 2183 section 2.8)."""
    return all(_INLINE.fullmatch(_remove_comments(text).partition(";")[0].strip()) for text in dispositions)


def has_name(values: Iterable[str]) -> bool:
    """Whether a Content-Type or Content-Disposition names the part: by a ``name`` or ``filename`` that is not empty."""
    return any(_NAME.search(_QUOTED.sub('"x"', _remove_comments(text))) for text in values)


def _remove_comments(text: str) -> str:
    """Remove comments, which may be nested (RFC 5322 section 3.2.2). One that does not end is text."""
    if "(" not in text:
        return text
    pieces: list[str] = []
    offset = position = comment_start = depth = 0
    is_among_parameters = False
    while token := (_INSIDE_COMMENT if depth else _OUTSIDE_COMMENT).search(text, position):
        position = token.end()
        match token[0]:
            case "(" if depth:
                depth += 1
            case "(" if not is_among_parameters or text[token.start() - 1] in _BEFORE_COMMENT:
                depth, comment_start = 1, token.start()
            case ")":
                depth -= 1
                if not depth:
                    pieces.append(text[offset:comment_start])
                    offset = position
            case ";":
                is_among_parameters = True
            case _:
                pass  # quoted text, a quoted pair, or a parenthesis within a word
    return "".join([*pieces, text[offset:]])
