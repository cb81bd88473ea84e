"""What each check of a tracking domain looks for, for the documentation."""

from typing import Final

from clicktrail.server.pipeline.domain_checks import CheckCode

MEANINGS: Final = {
    CheckCode.NXDOMAIN_AT_PARENT: "the name servers of the public suffix do not know the domain: it was never "
    "registered, has expired, or is misspelt",
    CheckCode.LAME_DELEGATION: "a name server of the zone refuses, is not authoritative or does not answer; a warning "
    "while another one answers",
    CheckCode.DNSSEC_BROKEN: "resolvers that validate DNSSEC refuse the answer",
    CheckCode.ZONE_NAME_DOUBLED: "the record is at HOST.ZONE, or its target ends in the zone's own name: the name was "
    "completed twice, or a last dot was forgotten",
    CheckCode.CNAME_AT_APEX: "a CNAME at the top of a zone, where SOA and NS records are too",
    CheckCode.CNAME_BESIDE_RECORDS: "a CNAME beside records of another type, which hides them",
    CheckCode.WILDCARD_ANSWER: "the host has no record of its own, and the zone's wildcard leads elsewhere",
    CheckCode.RECORD_MISSING: "the zone's own name servers have no record of the host",
    CheckCode.SEVERAL_RECORDS: "two CNAME records, or some addresses that are right and some that are not",
    CheckCode.ESP_RETURN_PATH_TARGET: "the record leads to the ESP's target of Return-Path records",
    CheckCode.TARGET_OF_OTHER_REGION: "the record leads to the ESP's target of another region",
    CheckCode.TARGET_TYPO: "the record's target is at most two letters from a known one",
    CheckCode.CDN_PROXY: "the record leads to the proxy of a CDN, such as Cloudflare's",
    CheckCode.TARGET_WRONG: "the record leads somewhere else",
    CheckCode.IPV6_ELSEWHERE: "AAAA records lead somewhere else than A records",
    CheckCode.IPV6_ONLY: "the host has no IPv4 address, so that many readers cannot reach it",
    CheckCode.PROPAGATING: "the zone's name servers are right, and a resolver still has an older answer or none: the "
    "domain is pending. Or the zone's name servers differ: a warning",
    CheckCode.TTL_LONG: "the record may be cached for over an hour, so that a correction takes as long; a warning",
    CheckCode.CAA_UNANSWERED: "a name server does not answer queries for CAA records, so that no CA will issue",
    CheckCode.CAA_FORBIDS: "a CAA record, of the host, its target or a parent, does not allow the CA",
    CheckCode.ACME_CHALLENGE_LEFTOVER: "a record at _acme-challenge.HOST that is no longer in use; a warning",
    CheckCode.PORT_80_CLOSED: "nothing answers on port 80, where links of older mail and the CA arrive",
    CheckCode.PORT_443_CLOSED: "nothing answers on port 443",
    CheckCode.HSTS_OF_PARENT: "HTTPS does not work, and the parent domain makes browsers use it for all names below",
    CheckCode.CERTIFICATE_MISSING: "port 443 answers without TLS",
    CheckCode.CERTIFICATE_OF_OTHER_NAME: "the certificate is one for another name, such as the ESP's",
    CheckCode.CERTIFICATE_EXPIRED: "the certificate is no longer or not yet valid",
    CheckCode.CERTIFICATE_CHAIN: "no trusted CA has issued the certificate, or an intermediate certificate is missing",
    CheckCode.NOT_OUR_EDGE: "the host answers, but not with an edge of this key ring; each address family is tried",
    CheckCode.HTTPS_REDIRECT_MISSING: "HTTP does not redirect to HTTPS; a warning",
    CheckCode.NOT_ALIGNED: "with --from: the host is of another organisation's domain than the From address; a warning",
}
"""Everything that is not called a warning fails."""
