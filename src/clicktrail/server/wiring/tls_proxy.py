"""Build what Caddy's configuration needs: the hosts that may have certificates, and the edge behind it."""

from ipaddress import ip_address

from clicktrail.server import served_domains
from clicktrail.server.pipeline.caddyfile import EdgeProxy
from clicktrail.server.pipeline.cdn_networks import parse_trusted_proxies
from clicktrail.server.settings import HostPort, Settings
from clicktrail.server.system import SystemClock

_LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def list_certificate_hosts(settings: Settings) -> list[str]:
    """Hosts of our edge that were verified once and are not gone for a week, from the copy in the data folder.

    Raises:
        StorageError: the copy cannot be read.
    """
    now = SystemClock().now()
    served = served_domains.read(settings.served_domains_path).domains
    return [domain.site.host for domain in served if domain.may_have_certificate(now)]


def build_edge_proxy(settings: Settings) -> EdgeProxy:
    """The edge of this machine, as Caddy reaches it."""
    host, port = HostPort.parse(settings.edge.listen)
    networks = parse_trusted_proxies(settings.edge.trusted_proxies)
    return EdgeProxy(
        address=str(HostPort(_find_reachable_host(host), port)),
        trusted_proxies=tuple(network for network in networks if not network.is_loopback),
        proxy_protocol=settings.edge.proxy_protocol,
        http_port=settings.domains.http_port,
        https_port=settings.domains.https_port,
    )


def _find_reachable_host(host: str) -> str:
    """The host to connect to for a host to listen on: loopback for every address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return _LOOPBACK[address.version] if address.is_unspecified else host
