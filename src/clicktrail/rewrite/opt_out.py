"""Recognise links that their sender excludes from tracking, by the attributes of any ESP."""

import re
from collections.abc import Mapping

from clicktrail.rewrite.candidate import Candidate

_OPT_OUT_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "data-clicktrail": ("off", "no", "false", "0"),
    "clicktracking": ("off",),  # SendGrid and Klaviyo, "Click Tracking"
    "disable-tracking": ("true",),  # Mailgun, "Tracking clicks"
    "data-pm-no-track": (),  # Postmark, "Link tracking", section "Excluding links"
    "ses:no-track": (),  # Amazon SES, "Email sending metrics FAQs", "Can I disable click tracking for a link?"
    "mc:disable-tracking": (),  # Mailchimp, "Enable and view click tracking"
    "mautic:disable-tracking": ("true", ""),  # Mautic, "Emails", section "Disable tracking"
    "data-msys-clicktrack": ("0",),  # SparkPost, "Disabling click tracking on individual links"
}
"""Attributes and the values that opt out; no values if the attribute itself is enough."""

_OPT_OUT_CLASS = "untracked"  # Customer.io, "Link tracking"
_OPT_OUT_SCHEME = re.compile(r"https?+\+notrack:", re.ASCII | re.IGNORECASE)  # Postal, "Click and open tracking"
_OPT_OUT_NAMES = frozenset({*_OPT_OUT_ATTRIBUTES, "class"})


def find_opt_out(candidate: Candidate) -> str:
    """Return the attribute, class or scheme that opts a link out of tracking; empty if none does."""
    attributes = candidate.attributes
    if not _OPT_OUT_ATTRIBUTES.keys().isdisjoint(attributes):
        for name, values in _OPT_OUT_ATTRIBUTES.items():
            if name in attributes and (not values or attributes[name].strip().lower() in values):
                return name
    if "class" in attributes and _OPT_OUT_CLASS in attributes["class"].lower().split():
        return f"class={_OPT_OUT_CLASS}"
    scheme = _OPT_OUT_SCHEME.match(candidate.url)
    return scheme[0].lower() if scheme else ""


def may_opt_out(attributes: Mapping[str, str]) -> bool:
    """Return False only if no attribute opts out; a faster check than `find_opt_out`."""
    if _OPT_OUT_NAMES.isdisjoint(attributes):
        return False
    return not _OPT_OUT_ATTRIBUTES.keys().isdisjoint(attributes) or _OPT_OUT_CLASS in attributes["class"].lower()
