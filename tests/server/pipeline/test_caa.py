import pytest

from clicktrail.server.pipeline.caa import list_issuers
from clicktrail.server.pipeline.dns_facts import CaaRecord


def _record(tag: str, value: str, flags: int = 0) -> CaaRecord:
    return CaaRecord(flags=flags, tag=tag, value=value)


@pytest.mark.parametrize(
    ("records", "issuers"),
    [
        ([], None),
        ([_record("issue", "letsencrypt.org")], ("letsencrypt.org",)),
        ([_record("issue", "LetsEncrypt.ORG")], ("letsencrypt.org",)),
        ([_record("issue", " letsencrypt.org ; validationmethods=dns-01")], ("letsencrypt.org",)),
        ([_record("issue", "pki.goog"), _record("issue", "letsencrypt.org")], ("pki.goog", "letsencrypt.org")),
        ([_record("issue", ";")], ()),
        ([_record("issue", "")], ()),
        ([_record("issue", ";"), _record("issue", "pki.goog")], ("pki.goog",)),
        ([_record("issuewild", "pki.goog")], None),
        ([_record("issuewild", ";"), _record("issue", "pki.goog")], ("pki.goog",)),
        ([_record("iodef", "mailto:a@example.com")], None),
        ([_record("issue", "pki.goog", 128)], ("pki.goog",)),
        ([_record("unknown", "x")], None),
        ([_record("unknown", "x", 128)], ()),
        ([_record("unknown", "x", 128), _record("issue", "pki.goog")], ()),
        ([_record("issuemail", "pki.goog", 128)], None),
    ],
)
def test_issuers_that_records_allow(records: list[CaaRecord], issuers: tuple[str, ...] | None) -> None:
    assert list_issuers(records) == issuers
