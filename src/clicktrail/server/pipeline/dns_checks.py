"""The DNS checks of a tracking domain: from what a probe found out to what is wrong, and what to do about it.

Each check is a function that returns a problem or None. They run in the order of `CheckCode` and end at the first one
that fails, so a check relies on the earlier ones: from ``record-missing`` on the zone has a server that answers, after
``target-wrong`` the host leads to its target.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from clicktrail.esp.catalogue import is_below
from clicktrail.server.pipeline.caa import has_unknown_critical_tag, list_issuers
from clicktrail.server.pipeline.dns_facts import DnsFacts, ResolverAnswer
from clicktrail.server.pipeline.dns_target_checks import (
    check_cdn,
    check_ipv6_elsewhere,
    check_ipv6_only,
    check_missing,
    check_region,
    check_return_path_target,
    check_several,
    check_typo,
    check_wrong_target,
)
from clicktrail.server.pipeline.dns_view import DnsView, Problem, describe_answer, list_texts
from clicktrail.server.pipeline.dns_zone_checks import (
    check_apex,
    check_beside_alias,
    check_delegation,
    check_dnssec,
    check_doubled_name,
    check_parent,
    check_wildcard,
)
from clicktrail.server.pipeline.domain_checks import Check, CheckCode, CheckStatus
from clicktrail.server.pipeline.domain_targets import ExpectedTarget

_LONG_TTL_S = 3600
_MAX_TEXT_CHARS = 60


def check_dns(facts: DnsFacts, expected: ExpectedTarget) -> list[Check]:
    """Run the DNS checks in their order; the last one of the list is the first that fails."""
    view = DnsView(facts, expected)
    checks: list[Check] = []
    for code, find_problem in _CHECKS.items():
        problem = find_problem(view)
        if problem is None:
            found = describe_answer(view.answer) if facts.answers else ""
            checks.append(Check(code=code, status=CheckStatus.PASS, found=found))
            continue
        checks.append(
            Check(
                code=code,
                status=CheckStatus.WARN if problem.is_warning else CheckStatus.FAIL,
                found=problem.found,
                expected=problem.expected,
                cause=problem.cause,
                fix=problem.fix,
                is_pending=problem.is_pending,
            )
        )
        if not problem.is_warning:
            break
    return checks


def _check_propagation(view: DnsView) -> Problem | None:
    """A resolver has an older answer or none, or the zone's own servers differ."""
    late = [found for found in view.facts.resolvers if not view.is_right(found.answer)]
    old = [s for s in view.facts.servers if s.answer and not view.is_right(s.answer)]
    if not late and not old:
        return None
    if late:
        minutes = ceil(max(found.answer.ttl_s for found in late) / 60)
        time = f"about {minutes} {'minute' if minutes == 1 else 'minutes'}" if minutes else "a few minutes"
        return Problem(
            found=list_texts([_describe_late(found) for found in late]),
            expected=describe_answer(view.answer),
            cause=f"The record is right at the name servers of {view.zone}; others still have an older answer or none.",
            fix=f"Wait {time}, then check again; `clicktrail domain check {view.host} --wait` does both.",
            is_warning=True,
            is_pending=True,
        )
    return Problem(
        found=list_texts([f"{server}: {describe_answer(server.answer)}" for server in old if server.answer]),
        expected=describe_answer(view.answer),
        cause=f"The name servers of {view.zone} differ: some do not have the new record yet.",
        fix=f"Wait until all name servers of {view.zone} have the record; ask the DNS provider if it takes hours.",
        is_warning=True,
    )


def _describe_late(found: ResolverAnswer) -> str:
    minutes = ceil(found.answer.ttl_s / 60)
    left = f" for {minutes} more {'minute' if minutes == 1 else 'minutes'}" if minutes else ""
    return f"resolver {found.resolver}: {describe_answer(found.answer)}{left}"


def _check_ttl(view: DnsView) -> Problem | None:
    """The record is cached for so long that a mistake would stay for as long."""
    if view.answer.ttl_s <= _LONG_TTL_S:
        return None
    return Problem(
        found=f"TTL {view.answer.ttl_s} s",
        expected=f"TTL {_LONG_TTL_S} s or less",
        cause=f"Resolvers keep the record, and every mistake in it, for {view.answer.ttl_s / 3600:.0f} hours.",
        fix=f"{view.at_provider}, set the TTL of {view.host} to 300 s.",
        is_warning=True,
    )


def _check_caa_answers(view: DnsView) -> Problem | None:
    """The look-up of CAA records fails, so every CA refuses to issue."""
    failures = [
        f"CAA of {view.host}: {server}: {server.caa_failure}" for server in view.facts.servers if server.caa_failure
    ]
    if view.facts.caa_failure:
        failures.append(view.facts.caa_failure)
    if not failures:
        return None
    return Problem(
        found=list_texts(failures),
        expected="an answer to the query for CAA records, which may be empty",
        cause="The look-up of CAA records fails, so no CA may issue or renew a certificate.",
        fix=f"Show the DNS provider this failure: {failures[0]}; its servers have to answer queries of type CAA.",
    )


def _check_caa(view: DnsView) -> Problem | None:
    """CAA records do not allow the CA that issues the host's certificate."""
    found, issuer = view.facts.caa, view.expected.issuer
    if not found or not issuer:
        return None
    issuers = list_issuers(found.records)
    if issuers is None or issuer in issuers:
        return None
    return Problem(
        found=f"CAA of {found.name} allows {list_texts(issuers) if issuers else 'no CA'}",
        expected=f"CAA that allows {issuer}",
        cause=f"The CAA records of {found.name} forbid {issuer}, which issues the certificate of {view.host}.",
        fix=f"At the DNS provider of {found.name}, remove the CAA records of {found.name} with the flag 128."
        if has_unknown_critical_tag(found.records)
        else f'At the DNS provider of {found.name}, add `{found.name}. 300 IN CAA 0 issue "{issuer}"`.',
    )


def _check_challenge(view: DnsView) -> Problem | None:
    """A record of an earlier certificate is left over where the challenge of the next one would be."""
    facts, esp = view.facts, view.expected.esp
    texts = [f"TXT {text[:_MAX_TEXT_CHARS]!a}" for text in facts.challenge_texts]
    allowed = esp.challenge_hosts if esp else ()
    wildcard = facts.wildcard.aliases if facts.wildcard else ()
    aliases = [
        f"CNAME {alias}" for alias in facts.challenge_aliases if not is_below(alias, allowed) and alias not in wildcard
    ]
    if not (leftovers := texts + aliases):
        return None
    name = f"_acme-challenge.{view.host}"
    return Problem(
        found=f"{name}: {list_texts(leftovers)}",
        expected=f"no record at {name}",
        cause=f"{name} still has a record of an earlier certificate, which can keep a new one from being issued.",
        fix=f"{view.at_provider}, remove the records of {name}, unless you use the DNS challenge yourself.",
        is_warning=True,
    )


_CHECKS: Final[dict[CheckCode, Callable[[DnsView], Problem | None]]] = {
    CheckCode.NXDOMAIN_AT_PARENT: check_parent,
    CheckCode.LAME_DELEGATION: check_delegation,
    CheckCode.DNSSEC_BROKEN: check_dnssec,
    CheckCode.ZONE_NAME_DOUBLED: check_doubled_name,
    CheckCode.CNAME_AT_APEX: check_apex,
    CheckCode.CNAME_BESIDE_RECORDS: check_beside_alias,
    CheckCode.WILDCARD_ANSWER: check_wildcard,
    CheckCode.RECORD_MISSING: check_missing,
    CheckCode.SEVERAL_RECORDS: check_several,
    CheckCode.ESP_RETURN_PATH_TARGET: check_return_path_target,
    CheckCode.TARGET_OF_OTHER_REGION: check_region,
    CheckCode.TARGET_TYPO: check_typo,
    CheckCode.CDN_PROXY: check_cdn,
    CheckCode.TARGET_WRONG: check_wrong_target,
    CheckCode.IPV6_ELSEWHERE: check_ipv6_elsewhere,
    CheckCode.IPV6_ONLY: check_ipv6_only,
    CheckCode.PROPAGATING: _check_propagation,
    CheckCode.TTL_LONG: _check_ttl,
    CheckCode.CAA_UNANSWERED: _check_caa_answers,
    CheckCode.CAA_FORBIDS: _check_caa,
    CheckCode.ACME_CHALLENGE_LEFTOVER: _check_challenge,
}

DNS_CODES: Final = tuple(_CHECKS)
"""Codes of `check_dns`, in their order."""
