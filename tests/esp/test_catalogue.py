import pytest

from clicktrail.esp.base import Esp
from clicktrail.esp.catalogue import ESPS, find_esp_of_return_path, find_esp_of_target, iter_targets


@pytest.mark.parametrize(
    ("name", "esp"),
    [
        ("sendgrid.net", "sendgrid"),
        ("click.sendgrid.net", "sendgrid"),
        ("eu.sendgrid.net", "sendgrid"),
        ("u123.ct.sendgrid.net", "sendgrid"),
        ("mailgun.org", "mailgun"),
        ("eu.mailgun.org", "mailgun"),
        ("click.pstmrk.it", "postmark"),
        ("dct.klaviyodns.com", "klaviyo"),
        ("edge.example.com", None),
        ("notsendgrid.net", None),
    ],
)
def test_target_of_tracking_domains_shows_the_esp(name: str, esp: str | None) -> None:
    found = find_esp_of_target(name)

    assert (found.name if found else None) == esp


@pytest.mark.parametrize(
    ("name", "esp"),
    [
        ("pm.mtasv.net", "postmark"),
        ("u123.wl456.sendgrid.net", "sendgrid"),
        ("s1.domainkey.u123.wl456.sendgrid.net", "sendgrid"),
        ("sendgrid.net", None),
        ("mailgun.org", None),
    ],
)
def test_target_of_sending_records_shows_the_esp(name: str, esp: str | None) -> None:
    found = find_esp_of_return_path(name)

    assert (found.name if found else None) == esp


def test_no_target_of_tracking_domains_is_one_of_sending_records() -> None:
    assert [name for _, _, name in iter_targets() if find_esp_of_return_path(name)] == []


@pytest.mark.parametrize("esp", ESPS.values(), ids=ESPS)
def test_esp_has_targets_or_says_where_they_are_shown(esp: Esp) -> None:
    assert esp.targets or esp.target_shown_at
