import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.server.pipeline.alignment import check_alignment
from clicktrail.server.pipeline.domain_checks import CheckStatus


@pytest.mark.parametrize(
    ("sender", "host", "is_aligned"),
    [
        ("news@example.com", "links.example.com", True),
        ("news@example.com", "example.com", True),
        ("news@mail.example.com", "links.example.com", True),
        ("news@a.b.example.com", "c.d.e.example.com", True),
        ("News <NEWS@Example.COM>", "links.example.com", True),
        ("news@example.com.", "links.example.com", True),
        ("news@example.com", "links.example.net", False),
        ("news@example.com", "links.example-links.com", False),
        ("news@example.com", "example.com.evil.net", False),
        ("news@example.co.uk", "links.example.co.uk", True),
        ("news@example.co.uk", "links.other.co.uk", False),
        ("news@example.com.au", "links.other.com.au", False),
        ("news@shop.github.io", "links.shop.github.io", True),
        ("news@shop.github.io", "other.github.io", False),
        ("news@shop.blogspot.com", "other.blogspot.com", False),
        ("news@example.kawasaki.jp", "links.example.kawasaki.jp", False),  # *.kawasaki.jp: two organisations
        ("news@city.kawasaki.jp", "links.city.kawasaki.jp", True),  # !city.kawasaki.jp
        ("news@bücher.example", "links.xn--bcher-kva.example", True),
        ("news@example.test", "links.example.test", True),
        ("news@one.test", "links.two.test", False),
        ("news@u123.sendgrid.net", "url1.sendgrid.net", True),
        ("bounce@mail.example.com", "links.mail.example.org", False),
        ('"a@b.example" <news@example.com>', "links.example.com", True),
    ],
)
def test_alignment_of_sender_and_host(sender: str, host: str, *, is_aligned: bool) -> None:
    check = check_alignment(host, sender)

    assert check.status is (CheckStatus.PASS if is_aligned else CheckStatus.WARN)
    assert bool(check.fix) is not is_aligned
    assert bool(check.cause) is not is_aligned


@pytest.mark.parametrize("sender", ["", "news", "news@", "@"])
def test_sender_without_a_domain_is_refused(sender: str) -> None:
    with pytest.raises(ClicktrailError, match="is no email address"):
        check_alignment("links.example.com", sender)
