"""Tag the links of one message, each by its place."""

from clicktrail.utm.convention import Convention
from clicktrail.utm.tag import tag

__all__ = ["Tagger"]

_CONTENT = "utm_content"


class Tagger:
    """Tags the links of one message; a new message needs a new one.

    Args:
        convention: the values, and the hosts that get them.
        campaign: the message's campaign.
    """

    def __init__(self, convention: Convention, *, campaign: str) -> None:
        self._convention = convention
        self._campaign = campaign
        self._by_place = any(
            placeholder in convention.content for placeholder in ("{location}", "{element}", "{label}")
        )
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}

    def tag(self, url: str, *, location: str = "", element: str = "", label: str = "") -> str:
        """The URL with its parameters; see `utm.tag` for what stays as it is.

        Where ``utm_content`` names the place, a second link of the same name is numbered, such as ``body_button_2``.
        Call it once for each link in the order of the message, and for links that are one only once.

        Args:
            url: an absolute URL.
            location: the part of the message that it stands in, such as ``header``; empty if not known.
            element: what it is, such as ``button``; empty if not known.
            label: what it is called; any text.

        Raises:
            UtmError: it has UTM parameters, and the convention refuses them.
        """
        convention = self._convention
        parameters = convention.parameters(campaign=self._campaign, location=location, element=element, label=label)
        content = parameters.get(_CONTENT, "")
        if self._by_place and content:
            parameters[_CONTENT] = self._unused(content)
        tagged = tag(url, parameters, convention.own_hosts, existing=convention.existing)
        if tagged != url:
            self._used.add(parameters.get(_CONTENT, ""))
        return tagged

    def _unused(self, content: str) -> str:
        name = content
        while name in self._used:
            self._numbers[content] = number = self._numbers.get(content, 1) + 1
            name = f"{content}_{number}"
        return name
