"""Know the words by which a tag asks not to be tracked: our own, and those of other senders' products."""

import re
from collections.abc import Mapping

from clicktrail.rewrite.candidate import Candidate

__all__ = ["opt_out"]

_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "data-clicktrail": ("off", "no", "false", "0"),
    "clicktracking": ("off",),  # SendGrid and Klaviyo, "Click Tracking"
    "disable-tracking": ("true",),  # Mailgun, "Tracking clicks"
    "data-pm-no-track": (),  # Postmark, "Link tracking", section "Excluding links"
    "ses:no-track": (),  # Amazon SES, "Email sending metrics FAQs", "Can I disable click tracking for a link?"
    "mc:disable-tracking": (),  # Mailchimp, "Enable and view click tracking"
    "mautic:disable-tracking": ("true", ""),  # Mautic, "Emails", section "Disable tracking"
    "data-msys-clicktrack": ("0",),  # SparkPost, "Disabling click tracking on individual links"
}
"""Attributes with the values that opt out; none where the attribute's presence is enough."""

_CLASS = "untracked"  # Customer.io, "Link tracking"
_SCHEME = re.compile(r"https?+\+notrack:", re.ASCII | re.IGNORECASE)  # Postal, "Click and open tracking"


def opt_out(candidate: Candidate) -> str:
    """The word by which a link opts out; empty if it does not."""
    attributes = candidate.attributes
    if not _ATTRIBUTES.keys().isdisjoint(attributes):
        for name, values in _ATTRIBUTES.items():
            if name in attributes and (not values or attributes[name].strip().lower() in values):
                return name
    if "class" in attributes and _CLASS in attributes["class"].lower().split():
        return f"class={_CLASS}"
    scheme = _SCHEME.match(candidate.url)
    return scheme[0].lower() if scheme else ""
