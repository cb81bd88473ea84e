"""Classify links that must not or need not be tracked, by words in the URL and the label.

Purposes are unsubscribe, preferences, privacy and legal; separate checks find sensitive, social and already wrapped
links. `has_keyword` rules out most links with a single search, before the regular expressions run.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache

import re2

from clicktrail.merge_tags import load_table
from clicktrail.model.link import Element, LinkReason, Location
from clicktrail.percent_encoding import unquote
from clicktrail.phrases import compile_set, fold_text, split_words
from clicktrail.rewrite.candidate import Candidate
from clicktrail.rewrite.link_texts import compile_link_texts, load_link_texts
from clicktrail.rewrite.url import ParsedUrl
from clicktrail.secret_urls import find_secret, load_rules

_FLAGS = re.VERBOSE | re.ASCII
_MAX_LABEL_CHARS = 40
"""Characters of a label that can name a purpose. Longer labels are sentences, in which a keyword proves nothing."""
_MAX_REQUEST_CHARS = 60
"""The same for requests to unsubscribe, such as "Click here to unsubscribe from this newsletter"."""

_PURPOSE_REGEXES: Mapping[LinkReason, str] = {
    LinkReason.PRIVACY: r"""
        (?<![a-z])(?: privacy\w* | datenschutz\w* | confidentialite | privacidade? | gdpr | dsgvo | integritetspolicy
      | polityka[-_\ ]prywatnosci | cookies?[-_\ ](?:policy|notice) )(?![a-z]) | プライバシー | 隐私 | конфиденциальност
    """,
    LinkReason.LEGAL: r"""
        (?<![a-z-])(?: terms | terms[-_\ ](?:and[-_\ ]conditions | of[-_\ ](?:service|use|sale)) | legal
      | legal[-_\ ]notice | imprint | impressum | agb | nutzungsbedingungen | mentions[-_\ ]legales | note[-_\ ]legali
      | conditions[-_\ ](?:generales|d.utilisation) | terminos | termos[-_\ ]de[-_\ ](?:uso|servico) | disclaimer
      | algemene[-_\ ]voorwaarden )(?![a-z-])
    """,
}
_PURPOSE_PATTERNS = {reason: re.compile(regex, _FLAGS) for reason, regex in _PURPOSE_REGEXES.items()}
PURPOSE_KEYWORDS = (
    *("privac", "datenschutz", "confidentialite", "gdpr", "dsgvo", "integritet", "prywatnosci", "cookie"),
    *("プライバシー", "隐私", "конфиденциальност", "terms", "legal", "imprint", "impressum", "agb", "bedingungen"),
    *("conditions", "terminos", "termos", "disclaimer", "voorwaarden"),
)
"""Substrings of a folded path, query or label: every match of the patterns above contains one. See `has_keyword`."""

_SOCIAL_HOSTS = frozenset(
    {
        *(
            "facebook.com",
            "fb.com",
            "instagram.com",
            "twitter.com",
            "x.com",
            "linkedin.com",
            "youtube.com",
            "tiktok.com",
        ),
        *("pinterest.com", "threads.net", "bsky.app", "vimeo.com", "snapchat.com", "reddit.com", "discord.gg", "t.me"),
        *("wa.me", "xing.com", "mastodon.social", "tumblr.com", "flickr.com", "vk.com", "weibo.com"),
    }
)
_SOCIAL_LABEL = re.compile(
    r"facebook|instagram|twitter|x|linkedin|youtube|tiktok|pinterest|threads|bluesky|vimeo|snapchat|reddit|discord"
    r"|telegram|whatsapp|xing|mastodon|tumblr|flickr"
)

_WRAPPER_REGEXES: Mapping[str, str] = {
    "Klaviyo": r"(?:[^/]+\.)?klclick\d*\.com/",
    "SendGrid": r"[^/]+/(?:uni/)?(?:ls|wf)/click\?upn=",
    "Mailgun": r"[^/]+/c/eJ[\w-]{20,}",  # zlib's first bytes in Base64
    "Postmark": r"(?:click|track)\.pstmrk\.it/",
    "Amazon SES": r"(?:[^/]+\.)?awstrack\.me/|[^/]+/L0/https?[:%]",
    "Mandrill": r"mandrillapp\.com/track/click",
    "Mailchimp": r"(?:[^/]+\.)?list-manage\d*\.com/track/click\?",
    "HubSpot": r"(?:[^/]+\.)?hubspotlinks\.com/|[^/]+/e3t/[BC]tc/",
    "Brevo": r"[^/]+/tr/cl/[\w-]{20,}",
    "Customer.io": r"[^/]+/e/c/eyJ",  # JSON's first characters in Base64
    "Microsoft Safe Links": r"(?:[^/]+\.)?safelinks\.protection\.outlook\.com/",
    "Proofpoint": r"urldefense(?:\.proofpoint)?\.(?:com|us)/",
    "Mimecast": r"(?:protect-[a-z]+\.mimecast|url\.[\w.-]+\.mimecastprotect)\.com/",
    "Barracuda": r"linkprotect\.cudasvc\.com/",
    "Cisco": r"secure-web\.cisco\.com/",
    "Symantec": r"clicktime\.symantec\.com/",
    "Check Point": r"url\.avanan\.click/",
}
"""Patterns for host, path and query of wrapped links, by the ESP or mail filter that wraps them.

Checked on 2026-11-23 against real URLs: for Mailchimp from real mail, for all others from source code, tests and issues
of public repositories. A pattern that matches too much leaves a link untracked; one that matches too little lets it be
tracked twice.
"""

MAIL_FILTERS = frozenset(
    {"Microsoft Safe Links", "Proofpoint", "Mimecast", "Barracuda", "Cisco", "Symantec", "Check Point"}
)
"""The wrappers of recipients' mail filters; all others are ESPs."""

WRAPPER_KEYWORDS = (
    *("klclick", "/click?upn=", "/c/eJ", "pstmrk", "awstrack", "/L0/", "mandrillapp", "list-manage", "hubspotlinks"),
    *("/e3t/", "/tr/cl/", "/e/c/eyJ", "safelinks", "urldefense", "mimecast", "cudasvc", "secure-web", "clicktime"),
    "avanan",
)
"""Substrings of host or path: every match of the patterns above contains one. See `has_keyword`."""

_WRAPPER_PATTERNS = {name: re.compile(pattern, re.ASCII) for name, pattern in _WRAPPER_REGEXES.items()}


@cache
def _load_purpose_set() -> re2.Set:
    return compile_set("|".join(map(_escape_keyword, PURPOSE_KEYWORDS)))


@cache
def _load_keyword_set() -> re2.Set:
    keywords = map(_escape_keyword, (*PURPOSE_KEYWORDS, *WRAPPER_KEYWORDS))
    texts = dict.fromkeys(load_link_texts().iter_signs())
    merge_tags = load_table().iter_signs()
    return compile_set("|".join([*keywords, *texts, *merge_tags, load_rules().build_sign_pattern()]))


def has_keyword(url: ParsedUrl, label: str) -> bool:
    """Return False only if `identify_wrapper`, `classify_purpose` and `describe_secret` cannot match either."""
    text = fold_text(f"{url.hostname}{url.path}{url.query}{url.fragment} {label}")
    return _load_keyword_set().Match(text) is not None


def find_keywords(lines: Sequence[str]) -> list[bool]:
    """Return for each line, of URLs and labels, whether it has a keyword; see `has_keyword`. So have merge tags.

    All lines are searched at once first, because few links have a keyword.
    """
    text = "".join(lines)
    folded = text.lower() if text.isascii() else "".join(map(fold_text, lines))
    keyword_set = _load_keyword_set()
    if keyword_set.Match(folded) is None:
        return [False] * len(lines)
    return [keyword_set.Match(fold_text(line)) is not None for line in lines]


def classify_purpose(url: ParsedUrl, label: str) -> LinkReason | None:
    """Return unsubscribe, preferences, privacy or legal; None for all other links."""
    texts = compile_link_texts()
    url_words = split_words(unquote(f"{url.path}{url.query}"))
    short_label = label if len(label) <= _MAX_REQUEST_CHARS else ""
    for reason, purpose in ((LinkReason.UNSUBSCRIBE, texts.unsubscribe), (LinkReason.PREFERENCES, texts.preferences)):
        if purpose.phrases.search(url_words) or purpose.match(short_label):
            return reason
    text = fold_text(f"{url.path}{url.query} {_drop_long_label(label)}")
    if _load_purpose_set().Match(text) is None:
        return None
    return next((reason for reason, pattern in _PURPOSE_PATTERNS.items() if pattern.search(text)), None)


def describe_secret(url: str, label: str) -> str:
    """Describe why a URL is secret or signed, so that storing or changing it would do harm; empty if it is not."""
    if secret := find_secret(url):
        return secret
    words = compile_link_texts().sensitive.match(_drop_long_label(label))
    return f"text '{words}'" if words else ""


def is_social(url: ParsedUrl, candidate: Candidate) -> bool:
    """Whether a link is a social network's icon or name, or leads there from the footer."""
    if not is_social_host(url.hostname):
        return False
    is_network_name = _SOCIAL_LABEL.fullmatch(candidate.label.lower()) is not None
    return is_network_name or candidate.element is Element.IMAGE or candidate.location is Location.FOOTER


def is_social_host(host: str) -> bool:
    """Whether a host is a social network."""
    return host.removeprefix("www.") in _SOCIAL_HOSTS


def identify_wrapper(url: ParsedUrl) -> str:
    """Return the name of the ESP or mail filter that already wrapped a link; empty if none is known."""
    text = f"{url.hostname}{url.path}{url.query}"
    return next((name for name, pattern in _WRAPPER_PATTERNS.items() if pattern.match(text)), "")


def _escape_keyword(keyword: str) -> str:
    return str(re2.escape(keyword.lower()))


def _drop_long_label(label: str) -> str:
    return label if len(label) <= _MAX_LABEL_CHARS else ""
