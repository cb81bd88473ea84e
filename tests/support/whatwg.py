"""The WHATWG tokenizer, state by state and character by character: slow, and easy to compare with the standard.

It is the oracle for `clicktrail.rewrite.html_links`. States are methods named as in WHATWG HTML section 13.2.5. Each
takes the next character, or an empty string at the end of the text, and returns the next state, or None at the end.
States that differ only in the errors they report are merged.
"""

import re
from collections.abc import Callable

State = Callable[[str], "State"] | None

_SPACE = "\t\n\f\r "
_RAW_TEXT_ELEMENTS = {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}
_MAX_END_TAG_CHARS = len("</plaintext>")
_CONDITIONAL_COMMENT = re.compile(r"\[if\b[^\]>]*\]>", re.ASCII | re.IGNORECASE)


def find_link_spans(text: str, base: int = 0, *, vml: bool = False) -> list[tuple[int, int]]:
    """Find the values of ``href`` in ``a`` and ``area`` tags, and also in VML tags inside conditional comments."""
    tokenizer = _Tokenizer(text, vml=vml)
    state: State = tokenizer.data
    while state is not None:
        character = text[tokenizer.at : tokenizer.at + 1]
        tokenizer.at += 1
        state = state(character)
    spans = [(base + start, base + end) for start, end in tokenizer.spans]
    for start, end in tokenizer.comments:
        if condition := _CONDITIONAL_COMMENT.match(text, start, end):
            spans += find_link_spans(text[condition.end() : end], base + condition.end(), vml=True)
    return sorted(spans)


class _Tokenizer:
    def __init__(self, text: str, *, vml: bool) -> None:
        self.link_elements = re.compile("a|area|v:[a-z]+" if vml else "a|area")
        self.text = text
        self.at = 0
        self.spans: list[tuple[int, int]] = []
        self.comments: list[tuple[int, int]] = []
        self.is_end_tag = False
        self.tag = ""
        self.attributes: dict[str, tuple[int, int]] = {}
        self.attribute = ""
        self.start = 0
        self.raw_element = ""
        self.is_escaped = self.is_double_escaped = False

    def reconsume(self, state: State) -> State:
        self.at -= 1
        return state

    def data(self, c: str) -> State:
        if not c:
            return None
        return self.tag_open if c == "<" else self.data

    def tag_open(self, c: str) -> State:
        if c == "!":
            return self.markup_declaration
        if c == "?":
            return self.bogus_comment
        if c == "/":
            return self.end_tag_open
        if c.isascii() and c.isalpha():
            self.begin_tag(is_end_tag=False)
            return self.reconsume(self.tag_name)
        return self.reconsume(self.data)

    def end_tag_open(self, c: str) -> State:
        if c == ">":
            return self.data
        if c.isascii() and c.isalpha():
            self.begin_tag(is_end_tag=True)
            return self.reconsume(self.tag_name)
        return self.reconsume(self.bogus_comment) if c else self.reconsume(self.data)

    def begin_tag(self, *, is_end_tag: bool) -> None:
        self.is_end_tag = is_end_tag
        self.tag = ""
        self.attributes = {}

    def tag_name(self, c: str) -> State:
        if not c:
            return None
        if c in _SPACE or c in "/>":
            return self.reconsume(self.before_attribute_name)
        self.tag += c.lower() if c.isascii() else c
        return self.tag_name

    def before_attribute_name(self, c: str) -> State:
        if not c:
            return None
        if c in _SPACE or c == "/":
            return self.before_attribute_name
        if c == ">":
            return self.end_tag()
        self.attribute = c.lower()
        return self.attribute_name

    def attribute_name(self, c: str) -> State:
        if not c or c in _SPACE or c in "/>=":
            self.start = self.at - 1
            return self.reconsume(self.after_attribute_name)
        self.attribute += c.lower()
        return self.attribute_name

    def after_attribute_name(self, c: str) -> State:
        if c and c in _SPACE:
            return self.after_attribute_name
        if c == "=":
            return self.before_value
        self.add_attribute(self.start, self.start)
        return self.reconsume(self.before_attribute_name)

    def before_value(self, c: str) -> State:
        if c and c in _SPACE:
            return self.before_value
        self.start = self.at
        if c == '"':
            return self.double_quoted
        if c == "'":
            return self.single_quoted
        self.start -= 1
        return self.reconsume(self.unquoted)

    def double_quoted(self, c: str) -> State:
        return self.quoted(c, '"', self.double_quoted)

    def single_quoted(self, c: str) -> State:
        return self.quoted(c, "'", self.single_quoted)

    def quoted(self, c: str, quote: str, state: State) -> State:
        if not c:
            return None
        if c != quote:
            return state
        self.add_attribute(self.start, self.at - 1)
        return self.before_attribute_name

    def unquoted(self, c: str) -> State:
        if c and c not in _SPACE and c != ">":
            return self.unquoted
        self.add_attribute(self.start, self.at - 1)
        return self.reconsume(self.before_attribute_name)

    def add_attribute(self, start: int, end: int) -> None:
        self.attributes.setdefault(self.attribute, (start, end))

    def end_tag(self) -> State:
        if self.is_end_tag:
            return self.data
        if self.link_elements.fullmatch(self.tag) and "href" in self.attributes:
            self.spans.append(self.attributes["href"])
        self.raw_element = self.tag
        self.is_escaped = self.is_double_escaped = False
        return self.raw_text if self.tag in _RAW_TEXT_ELEMENTS else self.data

    def raw_text(self, c: str) -> State:
        if not c:
            return None
        here = self.text[self.at - 1 : self.at + _MAX_END_TAG_CHARS].lower()
        if self.raw_element == "script":
            self.update_script_state(here)
        closing = re.match(rf"</{self.raw_element}[\t\n\f\r />]", here)
        if not closing or self.raw_element == "plaintext":
            return self.raw_text
        if self.is_double_escaped:
            self.is_double_escaped = False
            return self.raw_text
        return self.reconsume(self.data)

    def update_script_state(self, here: str) -> None:
        if here.startswith("<!--"):
            self.is_escaped = True
            self.at += 1  # skips "<!", so that its dashes can also end the comment
        elif here.startswith("-->"):
            self.is_escaped = self.is_double_escaped = False
        elif self.is_escaped and re.match(r"<script[\t\n\f\r />]", here):
            self.is_double_escaped = True

    def markup_declaration(self, c: str) -> State:
        if c == "-" and self.text.startswith("-", self.at):
            self.at += 1
            self.start = self.at
            return self.comment_start
        return self.reconsume(self.bogus_comment)

    def bogus_comment(self, c: str) -> State:
        if not c:
            return None
        return self.data if c == ">" else self.bogus_comment

    def comment_start(self, c: str) -> State:
        if c == "-":
            return self.comment_start_dash
        return self.data if c == ">" else self.reconsume(self.comment)

    def comment_start_dash(self, c: str) -> State:
        if c == "-":
            return self.comment_end
        return self.data if c == ">" else self.reconsume(self.comment)

    def comment(self, c: str) -> State:
        if not c:
            return self.end_comment(0)
        return self.comment_end_dash if c == "-" else self.comment

    def comment_end_dash(self, c: str) -> State:
        return self.comment_end if c == "-" else self.reconsume(self.comment)

    def comment_end(self, c: str) -> State:
        if c == ">":
            return self.end_comment(3)
        if c == "!":
            return self.comment_end_bang
        return self.comment_end if c == "-" else self.reconsume(self.comment)

    def comment_end_bang(self, c: str) -> State:
        if c == ">":
            return self.end_comment(4)
        return self.comment_end_dash if c == "-" else self.reconsume(self.comment)

    def end_comment(self, width: int) -> State:
        end = self.at - width if width else len(self.text)
        self.comments.append((self.start, end))
        return self.data if width else None
