"""What would change the decision on a link: the advice of `clicktrail inspect`."""

from collections.abc import Mapping

from clicktrail.model.link import LinkReason

ADVICE: Mapping[LinkReason, str] = {
    LinkReason.TRACKED: 'data-clicktrail="off" in its tag leaves it untracked.',
    LinkReason.NOT_WEB: "Only http and https links can be tracked.",
    LinkReason.RELATIVE: "Write the URL with its scheme, or give the document a base URL.",
    LinkReason.MERGE_TAG: "Fill the merge tag before the message is rewritten.",
    LinkReason.OPT_OUT: "Remove the attribute, class or scheme that opts out.",
    LinkReason.QUOTED: "Nothing: others wrote the quoted message. Write the link outside of it.",
    LinkReason.SIGNATURE: "Write the link above the line of two hyphens and a space.",
    LinkReason.CODE: 'code = "track" in the policy tracks it.',
    LinkReason.ACTION: "Nothing: the mail program requests the URL itself. Add a link outside of the markup.",
    LinkReason.EMBEDDED: "Write the URL as a word of its own.",
    LinkReason.ALREADY_TRACKED: "Send the original link to clicktrail.",
    LinkReason.WRAPPED: "Turn off click tracking where the link was wrapped, or send the original link.",
    LinkReason.UNSUBSCRIBE: (
        "No attribute or setting tracks it, because it must work without clicktrail. If it is another link, change the "
        "word of its URL or text that says so, or List-Unsubscribe."
    ),
    LinkReason.PREFERENCES: (
        "No attribute or setting tracks it, because it must work without clicktrail. If it is another link, change the "
        "word of its URL or text that says so."
    ),
    LinkReason.SENSITIVE: (
        "No attribute or setting tracks it, because it would store a secret or break a signature. If it is neither, "
        "use a URL and a text without what was found."
    ),
    LinkReason.HOST_DENIED: "Remove the host from denied_hosts of the policy.",
    LinkReason.HOST_NOT_ALLOWED: "Add the host to allowed_hosts of the policy.",
    LinkReason.PRIVACY: 'The policy preset = "all" tracks it.',
    LinkReason.LEGAL: 'The policy preset = "all" tracks it.',
    LinkReason.SOCIAL: 'The policy preset = "standard" tracks it.',
    LinkReason.FOOTER: 'The policy preset = "standard" tracks it.',
    LinkReason.VISIBLE_URL: 'Use a text that describes the page, or visible_url = "warn" in the policy.',
    LinkReason.PLAIN_TEXT: 'plain_text = "short" or "show-host" in the policy tracks it.',
    LinkReason.NO_CONSENT: "It is tracked for recipients whose consent allows it.",
    LinkReason.CREDENTIALS: "Remove user name and password from the URL.",
    LinkReason.TOO_LONG: "Shorten the URL, or start the relay with a registry for short tokens.",
    LinkReason.CHARSET: "Declare the charset in which the message is written.",
    LinkReason.INVALID: "Write a URL that browsers accept; in plain text, with a space behind it.",
}
"""By reason: what the sender can change."""
