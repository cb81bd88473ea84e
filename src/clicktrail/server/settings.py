"""Settings, their defaults and their documentation.

One TOML file with a section for each part; ``CLICKTRAIL_SECTION_KEY`` in the environment goes before it, and
``CLICKTRAIL_SECTION_KEY_FILE`` names a file that holds the value, for secrets. A key that does not exist is an error
that names it, so that a typing mistake cannot switch something off in silence.
"""

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_hosts
from clicktrail.rewrite.policy import Preset
from clicktrail.wording import said

__all__ = ["Address", "Settings", "environment", "load"]

CONFIG_NAME = "clicktrail.toml"
_PORTS = range(65_536)


def environment() -> Mapping[str, str]:
    """The process's environment variables."""
    return os.environ


class Address(NamedTuple):
    """Where to listen or to connect."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``host:port``, ``[::1]:port`` for IPv6.

        Raises:
            SettingsError: not of that form.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdigit() or int(port) not in _PORTS:
            raise SettingsError(f"'{text}' is not an address", hint="write host:port, such as 127.0.0.1:8080")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _doc(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class Tracking(Section, frozen=True, kw_only=True):
    """Where tracked links lead."""

    domain: Annotated[
        str, _doc("Tracking domain with its scheme, such as https://links.example.com: what readers see and click.")
    ] = "http://127.0.0.1:8080"
    policy: Annotated[
        str,
        _doc(
            "Which links are tracked, and how those who have not been asked: a preset or a policy file, described in "
            "reason-codes.md; relative to the settings file."
        ),
    ] = Preset.STANDARD.value
    domains: Annotated[
        str,
        _doc(
            "A file of all tracking domains, described in domains.md; relative to the settings file. Empty to answer "
            "for every host name alike."
        ),
    ] = ""


class Utm(Section, frozen=True, kw_only=True):
    """Parameters added to the links of one's own sites; their placeholders are those of utm.md."""

    source: Annotated[str, _doc("utm_source.")] = "email"
    medium: Annotated[str, _doc("utm_medium.")] = "newsletter"
    campaign: Annotated[str, _doc("utm_campaign.")] = "{campaign}"
    content: Annotated[str, _doc("utm_content; empty for none.")] = ""
    term: Annotated[str, _doc("utm_term; empty for none.")] = ""
    own_hosts: Annotated[
        tuple[str, ...],
        _doc("Hosts whose links get UTM parameters: example.com, or *.example.com for all below it, or * for all."),
    ] = ()
    existing: Annotated[
        Literal["fill", "keep", "replace"],
        _doc("What becomes of a link's own UTM parameters: filled up, left alone, or replaced."),
    ] = "fill"
    convention: Annotated[
        str,
        _doc("A convention file, described in utm.md, in place of all the keys above; relative to the settings file."),
    ] = ""


class Edge(Section, frozen=True, kw_only=True):
    """The public face that redirects."""

    listen: Annotated[
        str,
        _doc(
            "Address of the public port; [::]:8080 is every address, of IPv4 too. Put a proxy that ends TLS in front."
        ),
    ] = "127.0.0.1:8080"
    workers: Annotated[int, msgspec.Meta(ge=0, description="Worker processes; 0 for one a core.")] = 0
    trusted_proxies: Annotated[
        tuple[str, ...],
        _doc(
            "Networks of your own proxies: only they may name a client in X-Forwarded-For, or say that it came by TLS."
        ),
    ] = ("127.0.0.0/8", "::1/128")
    proxy_protocol: Annotated[
        bool,
        _doc(
            "Connections from trusted_proxies begin with a header of the PROXY protocol, version 1 or 2, that names "
            "the client. From elsewhere none is taken."
        ),
    ] = False


class Engagement(Section, frozen=True, kw_only=True):
    """What landing pages see of a click's visitor, described in engagement.md."""

    hosts: Annotated[
        tuple[str, ...],
        _doc(
            "Your own hosts whose pages have the script: example.com, or *.example.com for all below it. They alone "
            "are handed the click. Empty to have neither script nor beacon."
        ),
    ] = ()


class Privacy(Section, frozen=True, kw_only=True):
    """What is kept of readers, described in privacy.md."""

    opted_out: Annotated[
        Literal["anonymous", "none"],
        _doc("What is recorded of readers whose browser sends Global Privacy Control or Do Not Track."),
    ] = "anonymous"
    address_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Hours for which analytics keeps a client's whole address; after that, its network alone. The "
            "judge has a use for the address as long as a message's clicks come in.",
        ),
    ] = 72


class Relay(Section, frozen=True, kw_only=True):
    """Messages in by SMTP, tracked messages out."""

    listen: Annotated[str, _doc("Address to take messages on. Loopback only: whoever reaches it can send.")] = (
        "127.0.0.1:2525"
    )
    next_hop: Annotated[str, _doc("The SMTP server that messages go on to: your MTA or your ESP.")] = "127.0.0.1:25"
    next_hop_tls: Annotated[
        Literal["none", "starttls", "tls"], _doc("How to speak to the next hop: plainly, by STARTTLS, or TLS at once.")
    ] = "none"
    next_hop_username: Annotated[str, _doc("User name at the next hop; empty for none.")] = ""
    next_hop_password: Annotated[str, _doc("Password at the next hop.")] = ""


class Dkim(Section, frozen=True, kw_only=True):
    """A key of the sender's domain, for messages that come signed by it; library.md says when they are signed anew."""

    domain: Annotated[str, _doc("The domain that signs; empty for none.")] = ""
    selector: Annotated[str, _doc("The key's name among those of the domain.")] = ""
    private_key_file: Annotated[
        str, _doc("File of the private key, RSA or Ed25519 in PEM without a password; relative to the settings file.")
    ] = ""


class Recording(Section, frozen=True, kw_only=True):
    """The journal: every event, on disk before anybody is answered."""

    durability: Annotated[
        Literal["durable", "async"],
        _doc(
            "What a click has survived when it is answered: durable, a power cut; async, only a crash of clicktrail: "
            "a power cut takes the clicks of its last 10 ms."
        ),
    ] = "durable"
    buffer_mb: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Megabytes of events that each process keeps in memory while its disk takes none: "
            "64 are some 100,000 clicks.",
        ),
    ] = 64
    keep_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Hours that events stay in the journal once they are in analytics: 72 is the time after which "
            "verdicts are final.",
        ),
    ] = 72


class Registry(Section, frozen=True, kw_only=True):
    """Link sets, short links and consents."""

    url: Annotated[
        str,
        _doc(
            "postgresql://user@host/database, for several machines; empty for a file in the data folder. A password "
            "is better left to CLICKTRAIL_REGISTRY_URL_FILE."
        ),
    ] = ""


class Console(Section, frozen=True, kw_only=True):
    """The page and the API for the sender."""

    listen: Annotated[str, _doc("Address of the console. Loopback only: it asks for no password yet.")] = (
        "127.0.0.1:8081"
    )


class Metrics(Section, frozen=True, kw_only=True):
    """The private port: figures for Prometheus, and the health of every process."""

    listen: Annotated[
        str, _doc("Address of /metrics and /healthz. They hold counts and no personal data, and ask for no password.")
    ] = "127.0.0.1:8082"


class Log(Section, frozen=True, kw_only=True):
    """What serve writes to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _doc("What is not worth less. Only debug may name recipients, addresses and destinations."),
    ] = "info"


class Settings(Section, frozen=True, kw_only=True):
    """All settings."""

    data_dir: Annotated[
        str, _doc("Folder of key ring, journal, registry and analytics; relative to the settings file.")
    ] = "clicktrail-data"
    tracking: Tracking = Tracking()
    utm: Utm = Utm()
    edge: Edge = Edge()
    engagement: Engagement = Engagement()
    privacy: Privacy = Privacy()
    relay: Relay = Relay()
    dkim: Dkim = Dkim()
    console: Console = Console()
    recording: Recording = Recording()
    registry: Registry = Registry()
    metrics: Metrics = Metrics()
    log: Log = Log()

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    @property
    def journal(self) -> Path:
        """The folder of the journal's writers."""
        return self.data / "journal"

    @property
    def analytics(self) -> Path:
        """The folder of the analytics engine."""
        return self.data / "analytics"

    @property
    def registry_file(self) -> Path:
        """The registry, unless it is elsewhere."""
        return self.data / "registry.sqlite3"


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, then the environment.

    Args:
        path: the file; None to take ``CLICKTRAIL_CONFIG``, else ``clicktrail.toml`` where it exists.
        environ: the environment variables.

    Raises:
        SettingsError: the file is missing, or a key unknown, or a value of the wrong kind.
    """
    named = path or (Path(environ["CLICKTRAIL_CONFIG"]) if "CLICKTRAIL_CONFIG" in environ else None)
    file = named or Path(CONFIG_NAME)
    tree: dict[str, Any] = {}
    if named or file.is_file():
        tree = _read(file)
    _overlay(tree, environ)
    _refuse_unknown(tree, Settings, where="")
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"in the settings {said(error)}") from error
    _check(settings)
    return _beside(file.absolute().parent, settings)


def _beside(folder: Path, settings: Settings) -> Settings:
    """The settings with paths that begin in the settings file's folder."""

    def path(named: str) -> str:
        return named and str(folder / named)

    replace = msgspec.structs.replace
    tracking, utm, dkim = settings.tracking, settings.utm, settings.dkim
    return replace(
        settings,
        data_dir=path(settings.data_dir),
        tracking=replace(
            tracking,
            policy=tracking.policy if tracking.policy in list(Preset) else path(tracking.policy),
            domains=path(tracking.domains),
        ),
        utm=replace(utm, convention=path(utm.convention)),
        dkim=replace(dkim, private_key_file=path(dkim.private_key_file)),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error


def _overlay(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    for section, key, kind in _keys():
        name = f"CLICKTRAIL_{section}_{key}".upper().replace("__", "_")
        text = environ.get(name)
        if text is None and f"{name}_FILE" in environ:
            text = Path(environ[f"{name}_FILE"]).read_text("utf-8").strip()
        if text is None:
            continue
        value = [item.strip() for item in text.split(",") if item.strip()] if kind is tuple else text
        (tree.setdefault(section, {}) if section else tree)[key] = value


def _keys() -> list[tuple[str, str, type]]:
    """Every setting: section (empty at the top), key, and tuple or str."""
    keys: list[tuple[str, str, type]] = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            keys += [
                (field.name, inner.name, tuple if isinstance(inner.default, tuple) else str)
                for inner in msgspec.structs.fields(field.type)
            ]
        else:
            keys.append(("", field.name, str))
    return keys


def _refuse_unknown(tree: Mapping[str, Any], section: type[Section], *, where: str) -> None:
    known = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in tree.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise SettingsError(
                f"unknown setting '{where}{key}'",
                hint=f"did you mean '{where}{near[0]}'?" if near else f"known here: {', '.join(known)}",
            )
        inner = known[key]
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, Section):
            _refuse_unknown(value, inner, where=f"{key}.")


def _check(settings: Settings) -> None:
    url = urlsplit(settings.tracking.domain)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/") or url.query or url.fragment:
        raise SettingsError(
            f"tracking.domain is '{settings.tracking.domain}'", hint="write scheme and host: https://links.example.com"
        )
    if settings.utm.convention and settings.utm != Utm(convention=settings.utm.convention):
        raise SettingsError(
            f"utm.convention names {settings.utm.convention}, and [utm] has other keys beside it",
            hint="move them into that file",
        )
    given = {name: bool(getattr(settings.dkim, name)) for name in settings.dkim.__struct_fields__}
    if any(given.values()) and not all(given.values()):
        missing = next(name for name in given if not given[name])
        raise SettingsError(f"dkim.{missing} is missing", hint=f"a key needs {', '.join(given)}")
    if settings.registry.url and not settings.registry.url.startswith("postgresql://"):
        raise SettingsError("registry.url is no PostgreSQL URL", hint="write postgresql://user@host/database")
    Address.parse(settings.edge.listen)
    Address.parse(settings.metrics.listen)
    Address.parse(settings.relay.next_hop)
    for name, listen in (("relay.listen", settings.relay.listen), ("console.listen", settings.console.listen)):
        if not _is_loopback(Address.parse(listen).host):
            raise SettingsError(f"{name} is '{listen}'", hint="it must be on loopback, such as 127.0.0.1")
    check_hosts("utm.own_hosts", settings.utm.own_hosts)
    check_hosts("engagement.hosts", settings.engagement.hosts)
    if "*" in settings.engagement.hosts:
        raise SettingsError("engagement.hosts has '*'", hint="list your own hosts: no other is to be handed the click")
    for network in settings.edge.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise SettingsError(f"edge.trusted_proxies: {error}", hint="write a network, such as 10.0.0.0/8") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
