"""Where in a plain text a URL is that must not be tracked: quoted replies, signatures, code, and other URLs.

A quoted reply is a line that starts with ``>``, or everything below the divider that mail programs write above it. The
signature is everything after a line of two hyphens and a space (RFC 3676 section 4.3). Code is a fenced block, the
argument of a command such as ``git clone``, and the name of an XML namespace.
"""

import re
from functools import cache

from clicktrail.model.link import LinkReason
from clicktrail.rewrite.candidate import Exclusion
from clicktrail.rewrite.quoted_replies import compile_text_divider


@cache
def build_place_pattern() -> str:
    """Return alternatives, verbose, for the first lines of these places; `TextPlaces.enter` takes their matches."""
    return rf"""
        (?P<quote> [ \t]*+>[ \t>]*+ )
      | (?P<signature> --\x20(?=\r?\n) )
      | (?P<fence> [ ]{{0,3}}(?:```|~~~)[^\n`]*+$ )
      | (?P<divider> [ \t]*+(?: {compile_text_divider()} ) )
    """


@cache
def _compile_place() -> re.Pattern[str]:
    return re.compile(build_place_pattern(), re.MULTILINE | re.VERBOSE)


_MAX_COMMAND_CHARS = 200
"""Characters before a URL that are searched for a command."""
_COMMAND = re.compile(
    r"""
    (?: ^ | [\s`'"$(|;&] )
    (?P<command>
        git [ ]+ (?:clone|fetch|pull|push|submodule[ ]+add|remote[ ]+(?:add|set-url)[ ]+[\w.-]++)
      | curl | wget | aria2c | yt-dlp | xh
      | (?:pip[\d.]*+|pipx|uv[ ]+pip|conda|mamba) [ ]+ (?:install|download)
      | (?:npm|yarn|pnpm|gem|cargo|go|brew|helm|apt|apt-get|dnf|yum|rpm|composer) [ ]+
        (?:i|add|get|install|repo[ ]+add[ ]+[\w.-]++)
      | (?:docker|podman) [ ]+ (?:pull|run|build) | kubectl [ ]+ (?:apply|create)
      | svn [ ]+ (?:co|checkout) | hg [ ]+ clone
    )
    (?: [ ]++ -{1,2}[A-Za-z][\w-]*+ (?: =[^\s]*+ | [ ]++ (?! -) [\w./:@%+,{}'"-]++ (?=[ ]) )?+ )*+
    [ ]++ (?: git\+ )?+ ['"]?+ \Z
    """,
    re.VERBOSE | re.MULTILINE | re.ASCII,
)
_MARKUP_NAME = re.compile(
    r"""
    (?: (?P<name> xmlns (?: :[\w.-]*+ )?+ | schemaLocation ) \s*+ = \s*+ ["']?+ | (?P<doctype> <!DOCTYPE) [^>]*+ ) \Z
    """,
    re.VERBOSE | re.ASCII,
)

# The beginning of a word that a URL in it belongs to: another scheme, or a host and a path or query.
_OTHER_URL = re.compile(
    r"""
    (?<![\w.+-]) (?:
        (?P<scheme> [a-z][a-z0-9+.-]*+: ) (?P<rest> .* )
      | (?P<host> (?:[\w-]++\.)++ [a-z]{2,}+ ) (?::\d++)?+ (?P<path> [/?#].* )
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_MAX_PARAMETER_CHARS = 100
"""Characters before a URL that are searched for the name of a parameter, which would otherwise take quadratic time."""
_PARAMETER_WITHOUT_HOST = re.compile(r"[/?&][^\s=&]*+=\Z|%[0-9A-Fa-f]{2}\Z")
_WORD_SEPARATOR = re.compile(r"[\s<>\"\u201c\u201d\xab\xbb]")
_SCHEMES_BEFORE_URLS = frozenset(
    {
        *("view-source:", "javascript:", "data:", "blob:", "filesystem:", "jar:", "feed:", "intent:", "about:"),
        *("microsoft-edge:", "googlechrome:", "googlechromes:", "firefox:", "ms-word:", "ms-excel:"),
        *("ms-powerpoint:", "mailto:", "sms:", "smsto:", "tel:", "magnet:", "pcast:", "itpc:", "webcal:"),
    }
)
"""Schemes whose URLs are a scheme and another URL. Any other word and a colon may be a label: ``Shop:https://…``."""
_HAS_CONTENT = re.compile(r"[\w?=/]")


class TextPlaces:
    """Reads a text from its start to its end, and knows which links must not be tracked because of their place."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._quote_end = 0
        self._fence_end = 0
        self._has_fences = True
        self._rest: Exclusion | None = None
        self._previous_end = 0
        self._previous: Exclusion | None = None
        if first_line := _compile_place().match(text):
            self.enter(first_line)

    def enter(self, match: re.Match[str]) -> None:
        """Take a match of `build_place_pattern`."""
        start = match.end()
        if match["quote"] is not None:
            end = self._text.find("\n", start)
            self._quote_end = end if end >= 0 else len(self._text)
        elif match["signature"] is not None:
            self._rest = self._rest or Exclusion(LinkReason.SIGNATURE)
        elif match["divider"] is not None:
            self._rest = self._rest or Exclusion(LinkReason.QUOTED, match["divider"].split("\n")[0].strip())
        elif self._has_fences and start >= self._fence_end:
            end = self._text.find(f"\n{match['fence'].strip()[:3]}", start)
            self._has_fences = end >= 0
            self._fence_end = end + 1

    def exclude(self, start: int, end: int) -> Exclusion | None:
        """Return why the URL at this span must not be tracked. Spans are in order."""
        exclusion = self._rest or self._exclude_by_line(start) or self._exclude_by_word(start)
        self._previous, self._previous_end = exclusion, end
        return exclusion

    def _exclude_by_line(self, start: int) -> Exclusion | None:
        if start < self._quote_end:
            return Exclusion(LinkReason.QUOTED, ">")
        if start < self._fence_end:
            return Exclusion(LinkReason.CODE, "```")
        before = self._text[max(start - _MAX_COMMAND_CHARS, 0) : start].rpartition("\n")[2]
        if command := _COMMAND.search(before):
            return Exclusion(LinkReason.CODE, " ".join(command["command"].split()))
        if markup := _MARKUP_NAME.search(before):
            return Exclusion(LinkReason.CODE, markup["name"] or markup["doctype"])
        return None

    def _exclude_by_word(self, start: int) -> Exclusion | None:
        """Whether the word began with another URL: `exclude` sees only URLs with http and https."""
        if _WORD_SEPARATOR.match(self._text, max(start - 1, 0), start):
            return None
        gap = self._text[self._previous_end : start]
        if not gap:
            return None
        word = _WORD_SEPARATOR.split(gap.rsplit(None, 1)[-1])[-1]
        if len(word) == len(gap) and self._previous and self._previous.reason is LinkReason.EMBEDDED:
            return self._previous
        if other := _OTHER_URL.search(word):
            content = other["rest"] if other["scheme"] else other["path"]
            is_direct = bool(other["scheme"]) and not _HAS_CONTENT.search(content)
            if not _has_unmatched_closer(content) and (
                not is_direct or other["scheme"].lower() in _SCHEMES_BEFORE_URLS
            ):
                return Exclusion(LinkReason.EMBEDDED, other["scheme"] or other["host"])
        parameter = _PARAMETER_WITHOUT_HOST.search(word[-_MAX_PARAMETER_CHARS:])
        return Exclusion(LinkReason.EMBEDDED, parameter[0]) if parameter else None


def _has_unmatched_closer(text: str) -> bool:
    return any(text.count(closer) > text.count(opener) for opener, closer in ("()", "[]", "{}"))
