import pytest

from clicktrail.server.edge.sites import Site, Sites
from clicktrail.server.pipeline.domains import Domain

DOMAIN = Domain(
    host="click.example",
    hsts_days=2,
    apple_app_site_association='{"applinks":{}}',
    assetlinks="[]",
)
BARE = Domain(host="other.example")


def site_of(sites: Sites, host: str) -> Site:
    """The site of a host that there is."""
    site = sites.find(host)
    assert site is not None
    return site


@pytest.mark.parametrize("host", ["click.example", "click.example:8080", "CLICK.example.", "Click.Example.:443"])
def test_a_site_is_found_by_every_spelling_of_its_host(host: str) -> None:
    """Names have no case, and may end in a dot; the port is the proxy's."""
    sites = Sites([DOMAIN, BARE])
    assert site_of(sites, host) is site_of(sites, "click.example")


@pytest.mark.parametrize(
    "host", ["", "evil.example", "a.click.example", "click.example.evil.example", ":80", "[::1]:80"]
)
def test_other_hosts_have_no_site(host: str) -> None:
    """Not even below one of ours."""
    assert Sites([DOMAIN, BARE]).find(host) is None


def test_where_no_domain_is_listed_every_host_is_served() -> None:
    """As one finds it who has just installed clicktrail."""
    sites = Sites()
    assert site_of(sites, "") is site_of(sites, "anything.example:8080")


def test_a_site_answers_for_apps_where_the_domain_has_their_files() -> None:
    """At the paths where iOS and Android look, as JSON."""
    sites = Sites([DOMAIN, BARE])
    fixed, bare = site_of(sites, "click.example").fixed, site_of(sites, "other.example").fixed
    apple, android = "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"
    assert (b'{"applinks":{}}', b"[]") == (fixed[apple]({}).body, fixed[android]({}).body)
    assert b"\r\nContent-Type: application/json\r\n" in fixed[apple]({}).head
    assert set() == {apple, android} & bare.keys()


def test_every_site_says_that_it_honours_global_privacy_control() -> None:
    """In the words of https://w3c.github.io/gpc/."""
    answer = site_of(Sites(), "").fixed["/.well-known/gpc.json"]({})
    assert b'{"gpc":true,"lastUpdate":"2026-11-23"}\n' == answer.body


def test_robots_are_asked_to_stay_away() -> None:
    """Every link is somebody's."""
    assert b"User-agent: *\nDisallow: /\n" == site_of(Sites(), "").fixed["/robots.txt"]({}).body


def test_every_answer_of_a_domain_asks_for_tls_where_it_is_told_to() -> None:
    """RFC 6797 section 6.1: on all of them."""
    sites = Sites([DOMAIN, BARE])
    site, bare = site_of(sites, "click.example"), site_of(sites, "other.example")
    field = b"Strict-Transport-Security: max-age=172800\r\n"
    assert (field, b"") == (site.fields, bare.fields)
    assert all(field in answer({}).head for answer in (*site.fixed.values(), site.pages.damaged, site.pages.ended))
    assert all(field not in answer({}).head for answer in bare.fixed.values())
