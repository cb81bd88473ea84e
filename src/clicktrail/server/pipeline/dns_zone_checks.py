"""DNS checks of the zone that a tracking domain is in, and of what is beside its record."""

from collections.abc import Iterable

from clicktrail.esp.catalogue import is_below, iter_targets
from clicktrail.server.pipeline.dns_facts import NameServer, ServerState
from clicktrail.server.pipeline.dns_view import DnsView, Problem, describe_answer, list_texts
from clicktrail.server.pipeline.domain_targets import ExpectedTarget
from clicktrail.server.pipeline.edit_distance import is_within_edits
from clicktrail.server.pipeline.public_suffixes import find_organisational_domain, has_listed_suffix

MAX_TYPING_ERRORS = 2
_LAME_STATES = frozenset({ServerState.REFUSES, ServerState.NOT_AUTHORITATIVE, ServerState.NO_ADDRESS})
"""A single silent server may be down for a minute; it only counts if all are silent."""


def check_parent(view: DnsView) -> Problem | None:
    """The registrable domain is unknown at the public suffix's name servers."""
    if not view.facts.missing_at_parent:
        return None
    suffix = view.facts.public_suffix
    domain = find_organisational_domain(view.host)
    return Problem(
        found=f"NXDOMAIN from {view.facts.missing_at_parent}",
        expected=f"a delegation of {domain} at the name servers of {suffix}",
        cause=f"{domain} does not exist for the name servers of {suffix}: it was never registered, or has expired.",
        fix=f"Register or renew {domain} at your registrar, or correct the spelling of the tracking domain.",
    )


def check_delegation(view: DnsView) -> Problem | None:
    """Name servers of the zone refuse, are not authoritative, or are all silent."""
    servers = view.facts.servers
    if view.facts.are_resolvers_silent:
        return Problem(
            found="no resolver answers",
            expected="an answer from a resolver of the setting dns.resolvers, or of the system",
            cause="No DNS resolver answers this machine, so no name server of the tracking domain can be found.",
            fix="Check the setting dns.resolvers, and that this machine's firewall lets DNS out (UDP and TCP).",
        )
    if any(server.answer for server in servers):
        lame = [server for server in servers if server.state in _LAME_STATES]
        if not lame:
            return None
        return Problem(
            found=_list_servers(lame),
            expected=f"an authoritative answer from every name server of {view.zone}",
            cause=f"Some look-ups of {view.host} are slow or fail: a name server of its zone does not answer for it.",
            fix=f"{view.at_provider}, add the zone to {lame[0].name}; or remove that name server at your registrar.",
            is_warning=True,
        )
    if not servers:
        return Problem(
            found="no name server",
            expected=f"name servers of the zone of {view.host}",
            cause=f"The resolvers find no name server of {view.host}, and none of {view.facts.public_suffix}.",
            fix="Check the setting dns.resolvers: its resolvers have to find every public name.",
        )
    if all(server.state is ServerState.UNREACHABLE for server in servers):
        fix = "Let this machine send DNS queries (UDP and TCP) to addresses outside, over IPv6 if there are no others."
    elif all(server.state is ServerState.SILENT for server in servers):
        fix = (
            f"Check at your registrar that {servers[0].name} is the right name server of {view.zone}, and that this "
            "machine's firewall lets DNS out (UDP and TCP)."
        )
    else:
        fix = (
            f"Create the zone {view.zone} at the DNS provider of {servers[0].name}, or enter the name servers of your "
            "DNS provider at your registrar."
        )
    return Problem(
        found=_list_servers(servers),
        expected=f"an authoritative answer from a name server of {view.zone}",
        cause=f"No name server of {view.zone} answers for it.",
        fix=fix,
    )


def check_dnssec(view: DnsView) -> Problem | None:
    """Validating resolvers refuse the host."""
    if not (fault := view.facts.dnssec):
        return None
    reason = fault.reason or "SERVFAIL, without an extended error"
    zone = f"the zone of {fault.name}" if fault.name != view.host else view.zone
    return Problem(
        found=f"{fault.name}: {reason}",
        expected="an answer that validates",
        cause=f"DNSSEC of {zone} is broken, so resolvers that validate it answer nothing: {reason}.",
        fix=f"At the registrar of {zone}, remove the DS record or enter the one that the zone's DNS provider shows.",
    )


def check_doubled_name(view: DnsView) -> Problem | None:
    """The zone's name is appended to the record's name or target."""
    if view.is_right(view.answer):
        return None
    if view.facts.doubled and (view.is_from_wildcard or not view.answer.has_records):
        return Problem(
            found=f"a record at {view.facts.doubled}",
            expected=f"a record at {view.host}",
            cause=f"The record is one level too deep: the DNS provider added {view.zone} to a name that ended in it.",
            fix=f"{view.at_provider}, rename the record to {_name_in_zone(view.host, view.zone)}.",
        )
    for alias in view.answer.aliases:
        if _lacks_last_dot(alias, view):
            whole = alias.removesuffix(f".{view.zone}")
            return Problem(
                found=f"CNAME {alias}",
                expected=f"CNAME {view.expected}",
                cause=f"The last dot is missing in the record's target, so the DNS provider added {view.zone} to it.",
                fix=f"{view.at_provider}, write the target with a dot at its end: `{whole}.`",
            )
    return None


def _lacks_last_dot(alias: str, view: DnsView) -> bool:
    whole = alias.removesuffix(f".{view.zone}")
    if whole == alias:
        return False
    is_target = any(is_within_edits(whole, name, MAX_TYPING_ERRORS) for name in list_known_targets(view.expected))
    is_whole_name = is_below(whole, [view.zone]) or has_listed_suffix(whole)
    return is_target or (is_whole_name and not view.answer.addresses)


def check_apex(view: DnsView) -> Problem | None:
    """The host is the zone's own name, and has a CNAME."""
    if not view.answer.aliases or view.host != view.zone:
        return None
    return Problem(
        found=describe_answer(view.answer),
        expected="no CNAME at the zone's own name",
        cause=f"{view.host} is the name of the zone itself, which has SOA and NS records; a CNAME must be alone.",
        fix=f"Use a name below it, such as links.{view.host}, as the tracking domain; or use A records instead.",
    )


def check_beside_alias(view: DnsView) -> Problem | None:
    """The host has records of other types beside its CNAME."""
    if not (types := view.facts.types_beside_alias):
        return None
    return Problem(
        found=f"CNAME and {', '.join(types)}",
        expected="a CNAME alone",
        cause=f"{view.host} has other records beside its CNAME, so resolvers follow it or not, by chance.",
        fix=f"{view.at_provider}, remove the {', '.join(types)} records of {view.host}, and keep the CNAME.",
    )


def check_wildcard(view: DnsView) -> Problem | None:
    """The host has no record of its own, and the zone's wildcard leads elsewhere."""
    if view.is_right(view.answer) or not view.is_from_wildcard:
        return None
    return Problem(
        found=describe_answer(view.answer),
        expected=f"a record of {view.host} itself, to {view.expected}",
        cause=f"{view.host} has no record of its own; the wildcard record of {view.zone} answers for it.",
        fix=f"{view.at_provider}, create {view.record} beside the wildcard record.",
    )


def list_known_targets(expected: ExpectedTarget) -> frozenset[str]:
    """CNAME targets that a record may have been meant to have."""
    return frozenset(expected.names) | {name for _, _, name in iter_targets()}


def _list_servers(servers: Iterable[NameServer]) -> str:
    return list_texts(
        [f"{server} {server.state}" + (f" ({server.detail})" if server.detail else "") for server in servers]
    )


def _name_in_zone(host: str, zone: str) -> str:
    return host.removesuffix(f".{zone}") if host != zone else "@"
