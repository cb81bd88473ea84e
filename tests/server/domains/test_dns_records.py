"""Reading DNS messages: any message that can be parsed can be read."""

import dns.edns
import dns.exception
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clicktrail.server.domains.dns_client import Reply
from clicktrail.server.domains.dns_records import (
    is_dnssec_failure,
    read_extended_error,
    read_own_answer,
    read_resolver_answer,
    read_targets,
    read_texts,
)

HOST = "links.example.test"
MESSAGE = dns.message.from_text(f"""\
id 1
opcode QUERY
rcode NOERROR
flags QR AA RD
;QUESTION
{HOST}. IN A
;ANSWER
{HOST}. 300 IN CNAME a.example.test.
a.example.test. 300 IN A 192.0.2.1
{HOST}. 300 IN TXT "x" "y"
{HOST}. 300 IN CAA 0 issue "letsencrypt.org"
{HOST}. 300 IN NS ns1.example.test.
;AUTHORITY
example.test. 300 IN SOA ns1.example.test. hostmaster.example.test. 1 2 3 4 5
""")
MESSAGE.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, "no key \x1b[31m")])
WIRE = MESSAGE.to_wire()


def _read_everything(reply: Reply) -> None:
    for name in (HOST, "example.test", ""):
        read_own_answer(name, [reply])
        read_resolver_answer(name, [reply])
        read_texts(reply.answer, name)
        read_targets([*reply.answer, *reply.authority], name, "NS")
    is_dnssec_failure(reply)
    assert read_extended_error(reply).isprintable()
    assert reply.rcode


@given(st.lists(st.tuples(st.integers(0, len(WIRE) - 1), st.integers(0, 255)), max_size=6), st.binary(max_size=12))
def test_damaged_message_is_read_or_refused(changes: list[tuple[int, int]], end: bytes) -> None:
    wire = bytearray(WIRE)
    for position, value in changes:
        wire[position] = value
    try:
        message = dns.message.from_wire(bytes(wire) + end, one_rr_per_rrset=True, ignore_trailing=True)
    except dns.exception.DNSException:
        return

    _read_everything(Reply(server="127.0.0.1", message=message))


@pytest.mark.parametrize("record", ["CH A example.test. 1234", "CLASS7 A \\# 2 0102", "CLASS7 TYPE5 \\# 1 00"])
def test_records_of_other_classes_are_ignored(record: str) -> None:
    message = dns.message.from_text(
        f"id 1\n;QUESTION\n{HOST}. IN A\n;ANSWER\n{HOST}. 300 {record}\n", one_rr_per_rrset=True
    )
    reply = Reply(server="127.0.0.1", message=message)

    assert reply.answer == []
    _read_everything(reply)


def test_several_aliases_of_one_name_are_all_kept() -> None:
    text = f"id 1\n;QUESTION\n{HOST}. IN A\n;ANSWER\n{HOST}. 300 IN CNAME a.test.\n{HOST}. 300 IN CNAME b.test.\n"
    message = dns.message.from_wire(dns.message.from_text(text, one_rr_per_rrset=True).to_wire(), one_rr_per_rrset=True)

    assert read_own_answer(HOST, [Reply(server="127.0.0.1", message=message)]).aliases == ("a.test", "b.test")
