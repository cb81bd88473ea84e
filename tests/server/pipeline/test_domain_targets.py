import re
from ipaddress import ip_address

import pytest

from clicktrail.errors import ClicktrailError
from clicktrail.esp.base import Region
from clicktrail.server.pipeline.domain_targets import (
    ExpectedTarget,
    build_esp_target,
    build_named_target,
    build_own_target,
)


def test_names_and_addresses_of_own_edges() -> None:
    target = build_own_target(["Edge.Example.com.", "192.0.2.1", "2001:db8::1"])

    assert target == ExpectedTarget(
        names=("edge.example.com",), addresses=(ip_address("192.0.2.1"), ip_address("2001:db8::1"))
    )
    assert target.issuer == "letsencrypt.org"


def test_record_of_a_named_edge_is_a_cname() -> None:
    assert build_own_target(["edge.example.com"]).records == (("CNAME", "edge.example.com."),)


def test_records_of_addresses_are_a_and_aaaa() -> None:
    assert build_own_target(["192.0.2.1", "2001:db8::1"]).records == (
        ("A", "192.0.2.1"),
        ("AAAA", "2001:db8::1"),
    )


@pytest.mark.parametrize(
    ("esp", "region", "record", "issuer"),
    [
        ("sendgrid", Region.US, "sendgrid.net.", "pki.goog"),
        ("sendgrid", Region.EU, "eu.sendgrid.net.", "pki.goog"),
        ("mailgun", Region.US, "mailgun.org.", "letsencrypt.org"),
        ("mailgun", Region.EU, "eu.mailgun.org.", "letsencrypt.org"),
        ("klaviyo", Region.US, "dct.klaviyodns.com.", "pki.goog"),
        ("klaviyo", Region.EU, "dct.klaviyodns.com.", "pki.goog"),
    ],
)
def test_record_and_issuer_of_an_esp(esp: str, region: Region, record: str, issuer: str) -> None:
    target = build_esp_target(esp, region)

    assert target.records == (("CNAME", record),)
    assert target.issuer == issuer


def test_target_of_sendgrids_automatic_tls_is_right_too() -> None:
    assert "click.sendgrid.net" in build_esp_target("sendgrid", Region.US).names


def test_postmark_needs_a_target_and_says_where_it_is_shown() -> None:
    with pytest.raises(ClicktrailError, match="another CNAME target") as error:
        build_esp_target("postmark", Region.US)

    assert "--target" in error.value.hint
    assert "DNS Settings" in error.value.hint


def test_postmark_with_a_target() -> None:
    target = build_esp_target("postmark", Region.US, "Abc123.Example.NET.")

    assert target.names == ("abc123.example.net",)
    assert target.issuer == ""


@pytest.mark.parametrize("name", ["pm.mtasv.net", "PM.mtasv.net."])
def test_return_path_target_is_named_as_that_mistake(name: str) -> None:
    with pytest.raises(ClicktrailError, match="Postmark's target of Return-Path records") as error:
        build_esp_target("postmark", Region.US, name)

    assert "DNS Settings" in error.value.hint


def test_return_path_target_of_another_esp_is_named_too() -> None:
    with pytest.raises(ClicktrailError, match=re.escape("SendGrid's target of Return-Path")):
        build_named_target("u1.wl2.sendgrid.net")


@pytest.mark.parametrize("target", ["", "edge", "edge.example.com:443", "https://edge.example.com/", "a..b"])
def test_target_that_is_no_host_name_is_refused(target: str) -> None:
    with pytest.raises(ClicktrailError, match="is no host name"):
        build_own_target([target])


def test_own_edge_without_setting_names_the_setting() -> None:
    with pytest.raises(ClicktrailError, match=r"domains\.targets is empty"):
        build_own_target([])


def test_unknown_esp_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ClicktrailError, match="unknown ESP 'mailchimp'") as error:
        build_esp_target("mailchimp", Region.US)

    assert "klaviyo" in error.value.hint
