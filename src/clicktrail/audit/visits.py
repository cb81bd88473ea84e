"""Visits of a log: the clicks on each message, by address and User-Agent."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import msgspec

from clicktrail.config_text import decode_toml
from clicktrail.judge.address_activity import Visit
from clicktrail.judge.evidence import hash_user_agent, is_public_ip
from clicktrail.judge.grouping import address_prefix, group_by, host_key, link_key
from clicktrail.model.event import AnyEvent, Click, Delivered, Sent


class _MailboxProviders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: str
    domains: frozenset[str]
    names: frozenset[str]


def find_visits(message: str, events: Iterable[AnyEvent]) -> Iterator[Visit]:
    """Find the visits of one message. Requests that are no clicks, and private addresses, are left out."""
    events = list(events)
    clicks = [event for event in events if isinstance(event, Click) and not event.tampered and is_public_ip(event.ip)]
    if not clicks:
        return
    arrivals = [event.at for event in events if isinstance(event, Delivered)]
    arrivals = arrivals or [event.at for event in events if isinstance(event, Sent)]
    arrived_at = min(arrivals, default=None)
    for (address, user_agent), own_clicks in group_by(
        clicks, lambda click: (host_key(click.ip), click.user_agent)
    ).items():
        recipient = own_clicks[0].recipient or message
        first_at = min(click.at for click in own_clicks)
        yield Visit(
            address,
            address_prefix(own_clicks[0].ip),
            hash_user_agent(user_agent),
            recipient,
            find_company(recipient),
            (first_at - arrived_at).total_seconds() if arrived_at else None,
            len(set(map(link_key, own_clicks))),
        )


def find_company(recipient: str) -> str:
    """The domain of a recipient's address; empty for public mail services, and for a recipient without address."""
    domain = recipient.rpartition("@")[2].lower() if "@" in recipient else ""
    providers = _load_mailbox_providers()
    is_provider = domain in providers.domains or domain.partition(".")[0] in providers.names
    return "" if is_provider else domain


@cache
def _load_mailbox_providers() -> _MailboxProviders:
    text = (resources.files("clicktrail.audit") / "data" / "mailbox_providers.toml").read_text("utf-8")
    return decode_toml(text, _MailboxProviders, name="the list of mailbox providers")
