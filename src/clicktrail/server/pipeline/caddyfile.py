"""Write the configuration of Caddy, which terminates TLS in front of the edge.

Each host is written by name, so that Caddy serves its certificates whether or not an edge runs. Only with hundreds of
domains, Caddy gets certificates on demand: it then asks the edge for each host, those whose certificate it holds too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clicktrail.model.hosts import is_domain_name
from clicktrail.server.pipeline.request import IPNetwork

_HSTS_S = 31_536_000
"""A year, for browsers that have visited the host. A host that sends its own, by ``hsts_days``, keeps it."""
_RETRY_S = 5
"""Requests wait for an edge that restarts, instead of being answered with 502."""
_HTTP_PORT, _HTTPS_PORT = 80, 443
_ASK_PATH = "/ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeProxy:
    """What Caddy needs to know of the edge.

    Attributes:
        address: host and port of the edge.
        trusted_proxies: proxies in front of Caddy, whose ``X-Forwarded-For`` it keeps.
        proxy_protocol: whether Caddy names the client by the PROXY protocol.
        http_port: port of plain HTTP.
        https_port: port of HTTPS.
    """

    address: str
    trusted_proxies: Sequence[IPNetwork] = ()
    proxy_protocol: bool = False
    http_port: int = _HTTP_PORT
    https_port: int = _HTTPS_PORT


def build_caddyfile(hosts: Iterable[str], proxy: EdgeProxy) -> str:
    """Configuration that serves hosts by name. It can be imported: it has no global options.

    Raises:
        ValueError: a host is no host name, or a wildcard.
    """
    names = sorted(set(hosts))
    for name in names:
        if not is_domain_name(name):
            raise ValueError(f"'{name}' is no host name")
    sites = [_format_site(",\n".join(_add_port(name, proxy) for name in names), _format_edge(proxy))]
    if (proxy.http_port, proxy.https_port) != (_HTTP_PORT, _HTTPS_PORT):
        # Caddy's own redirects lead to port 443.
        addresses = ",\n".join(f"http://{name}:{proxy.http_port}" for name in names)
        sites.append(_format_site(addresses, [_format_redirect(proxy)]))
    return "\n".join([_format_comment("each tracking domain by name"), *sites])


def build_on_demand_caddyfile(proxy: EdgeProxy) -> str:
    """Configuration that serves every host that the edge permits. It has global options, so it cannot be imported."""
    global_options = ["on_demand_tls {", f"\task http://{proxy.address}{_ASK_PATH}", "}"]
    if (proxy.http_port, proxy.https_port) != (_HTTP_PORT, _HTTPS_PORT):
        global_options += [f"http_port {proxy.http_port}", f"https_port {proxy.https_port}"]
    return "\n".join(
        [
            _format_comment("certificates on demand: the edge names the hosts") + _format_site("", global_options),
            _format_site("https://", ["tls {", "\ton_demand", "}", *_format_edge(proxy)]),
            _format_site("http://", [_format_redirect(proxy)]),
        ]
    )


def _format_comment(text: str) -> str:
    return f"# Written by clicktrail domain caddyfile, which replaces this file: {text}.\n"


def _format_edge(proxy: EdgeProxy) -> list[str]:
    # Caddy passes all other headers on as they are, Sec-* among them, and overwrites X-Forwarded-* of strangers.
    lines = [f"lb_try_duration {_RETRY_S}s", "lb_try_interval 100ms"]
    if proxy.trusted_proxies:
        lines.append(f"trusted_proxies {' '.join(map(str, proxy.trusted_proxies))}")
    if proxy.proxy_protocol:
        lines += ["transport http {", "\tproxy_protocol v2", "}"]
    return [
        f'header ?Strict-Transport-Security "max-age={_HSTS_S}"',
        f"reverse_proxy {proxy.address} {{",
        *(f"\t{line}" for line in lines),
        "}",
    ]


def _format_redirect(proxy: EdgeProxy) -> str:
    port = "" if proxy.https_port == _HTTPS_PORT else f":{proxy.https_port}"
    return f"redir https://{{host}}{port}{{uri}} 308"


def _format_site(addresses: str, lines: Sequence[str]) -> str:
    indented = "\n".join(f"\t{line}" for line in lines)
    return f"{addresses}{' ' if addresses else ''}{{\n{indented}\n}}\n"


def _add_port(name: str, proxy: EdgeProxy) -> str:
    return name if proxy.https_port == _HTTPS_PORT else f"https://{name}:{proxy.https_port}"
