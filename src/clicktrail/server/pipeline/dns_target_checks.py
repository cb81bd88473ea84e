"""DNS checks of where a tracking domain's record leads."""

from clicktrail.esp.catalogue import find_esp_of_return_path, find_esp_of_target
from clicktrail.server.pipeline.cdn_networks import find_cdn
from clicktrail.server.pipeline.dns_view import IPV6, DnsView, Problem, describe_answer, list_addresses, list_texts
from clicktrail.server.pipeline.dns_zone_checks import MAX_TYPING_ERRORS, list_known_targets
from clicktrail.server.pipeline.edit_distance import is_within_edits


def check_missing(view: DnsView) -> Problem | None:
    """The zone's own servers have no record."""
    if view.answer.has_records:
        return None
    return Problem(
        found=describe_answer(view.answer),
        expected=view.record,
        cause=f"The name servers of {view.zone} have no CNAME, A or AAAA record of {view.host}.",
        fix=f"{view.at_provider}, create {view.record}.",
    )


def check_several(view: DnsView) -> Problem | None:
    """Two CNAME records, or some addresses that are the target's and some that are not."""
    if len(view.answer.aliases) > 1:
        return Problem(
            found=f"CNAME {list_texts(view.answer.aliases)}",
            expected=f"one CNAME, {view.expected}",
            cause=f"{view.host} has {len(view.answer.aliases)} CNAME records; only one is allowed.",
            fix=f"{view.at_provider}, remove all CNAME records of {view.host} but {view.record}.",
        )
    if _leads_to_target(view) or not view.ours or _has_other_ipv6_only(view):
        return None
    return Problem(
        found=describe_answer(view.answer),
        expected=list_addresses(view.facts.target_addresses),
        cause=f"Some addresses of {view.host} are the target's and some are not, so some clicks go elsewhere.",
        fix=f"{view.at_provider}, remove the records of {view.host} with {list_addresses(view.elsewhere)}.",
    )


def check_return_path_target(view: DnsView) -> Problem | None:
    """The record leads to an ESP's target of sending records."""
    if _leads_to_target(view):
        return None
    for name in view.names:
        if esp := find_esp_of_return_path(name):
            where = f" (shown at {esp.target_shown_at})" if esp.target_shown_at else ""
            return Problem(
                found=describe_answer(view.answer),
                expected=str(view.expected),
                cause=f"{name} is {esp.title}'s target for sending records such as Return-Path; it tracks no links.",
                fix=f"{view.at_provider}, replace it by {view.record}{where}.",
            )
    return None


def check_region(view: DnsView) -> Problem | None:
    """The record leads to the ESP's target of another region."""
    esp = view.expected.esp
    if esp is None or _leads_to_target(view):
        return None
    for region, targets in esp.targets.items():
        if region is not view.expected.region and (found := next((n for n in view.names if n in targets), "")):
            return Problem(
                found=describe_answer(view.answer),
                expected=str(view.expected),
                cause=f"{found} is {esp.title}'s target for the region {region.value.upper()}; this tracking domain is "
                f"of the region {view.expected.region.value.upper()}.",
                fix=f"{view.at_provider}, replace it by {view.record}; or add the domain again with --region {region}.",
            )
    return None


def check_typo(view: DnsView) -> Problem | None:
    """The record's target is unknown, and nearly the expected one or an ESP's."""
    if _leads_to_target(view):
        return None
    known = sorted(list_known_targets(view.expected), key=lambda name: name not in view.expected.names)
    for found in view.names:
        if find_esp_of_target(found) is None and found not in known:
            meant = next((name for name in known if is_within_edits(found, name, MAX_TYPING_ERRORS)), None)
            if meant is not None:
                return Problem(
                    found=describe_answer(view.answer),
                    expected=str(view.expected),
                    cause=f"{found} is misspelt: {meant} was probably meant.",
                    fix=f"{view.at_provider}, replace it by {view.record}.",
                )
    return None


def check_cdn(view: DnsView) -> Problem | None:
    """The addresses are those of a CDN between reader and target."""
    if _leads_to_target(view) or view.ours or any(map(find_esp_of_target, view.names)):
        return None
    cdns = set(map(find_cdn, view.elsewhere))
    if not cdns or "" in cdns:
        return None
    cdn = " and ".join(sorted(name.capitalize() for name in cdns))
    switch = f'At Cloudflare, switch the record of {view.host} from "Proxied" to "DNS only"; it must be {view.record}.'
    return Problem(
        found=describe_answer(view.answer),
        expected=list_addresses(view.facts.target_addresses) or str(view.expected),
        cause=f"The addresses of {view.host} are those of {cdn}, so the record is proxied.",
        fix=switch if cdns == {"cloudflare"} else view.replacement,
    )


def check_wrong_target(view: DnsView) -> Problem | None:
    """None of the addresses is the target's."""
    if _leads_to_target(view) or view.ours:
        return None
    names = view.names
    if view.is_in_circle:
        cause = f"The CNAME records of {view.host} lead in a circle, so it has no address."
    elif view.is_at_target:
        cause = f"The target {view.expected} has no address, so links on {view.host} lead nowhere."
    elif esp := next(filter(None, map(find_esp_of_target, names)), None):
        cause = f"{view.host} leads to {esp.title}, and not to {view.expected}."
    elif not view.answer.addresses:
        cause = f"{view.host} leads to {names[-1]}, which has no address."
    else:
        cause = f"None of the addresses of {view.host} is an address of {view.expected}."
    fix = f"Create A records of {view.expected}, or correct its name." if view.is_at_target else view.replacement
    return Problem(
        found=describe_answer(view.answer),
        expected=f"{view.expected} ({list_addresses(view.facts.target_addresses) or 'no address'})",
        cause=cause,
        fix=fix,
    )


def check_ipv6_elsewhere(view: DnsView) -> Problem | None:
    """The A records are right, and the AAAA records are not the target's."""
    if _leads_to_target(view) or not _has_other_ipv6_only(view):
        return None
    return Problem(
        found=list_addresses(view.elsewhere),
        expected=list_addresses({found for found in view.facts.target_addresses if found.version == IPV6})
        or "no AAAA record",
        cause=f"The AAAA records of {view.host} lead elsewhere, so readers with IPv6 do not arrive.",
        fix=f"{view.at_provider}, remove the records of {view.host} with {list_addresses(view.elsewhere)}.",
    )


def check_ipv6_only(view: DnsView) -> Problem | None:
    """There is no address for readers without IPv6."""
    if any(address.version != IPV6 for address in view.answer.addresses):
        return None
    where = str(view.expected) if view.answer.aliases else view.host
    has_ipv4_target = any(address.version != IPV6 for address in view.facts.target_addresses)
    return Problem(
        found=list_addresses(view.answer.addresses),
        expected="an A record",
        cause=f"{where} has only AAAA records, so readers without IPv6 do not arrive.",
        fix=view.replacement
        if has_ipv4_target
        else f"At the DNS provider of {where}, create an A record of {where} with the IPv4 address of the edge.",
    )


def _leads_to_target(view: DnsView) -> bool:
    return view.is_right(view.answer)


def _has_other_ipv6_only(view: DnsView) -> bool:
    """Whether there are A records, all right, and AAAA records that are not."""
    has_ipv4 = any(address.version != IPV6 for address in view.ours)
    return has_ipv4 and all(address.version == IPV6 for address in view.elsewhere)
