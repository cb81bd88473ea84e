"""Every setting with its default and description, in one section for each component."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from clicktrail import keyring_file
from clicktrail.model.link import Preset

MAX_DAYS = 50 * 365
"""Longest retention period: a time before now by this is still a supported one."""


def _description(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the settings file."""


class TrackingSettings(Section, frozen=True, kw_only=True):
    """Tracking domain, and which links are tracked."""

    domain: Annotated[
        str,
        _description(
            "Tracking domain with its scheme, such as https://links.example.com. Recipients see and click it."
        ),
    ] = "http://127.0.0.1:8080"
    policy: Annotated[
        str,
        _description(
            "Which links are tracked, and what happens to recipients whose consent is unknown: a preset or a policy "
            "file, described in reason-codes.md; relative to the settings file."
        ),
    ] = Preset.STANDARD.value


class DomainsSettings(Section, frozen=True, kw_only=True):
    """Tracking domains: where their records lead, and where checks connect. The domains are in the registry."""

    targets: Annotated[
        tuple[str, ...],
        _description(
            "Where tracking domains of your own edge lead: host names (for CNAME records) or public IP addresses (for "
            "A and AAAA records) of your edges."
        ),
    ] = ()
    http_port: Annotated[
        int, msgspec.Meta(ge=1, le=65535, description="Port that checks of tracking domains connect to for HTTP.")
    ] = 80
    https_port: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=65535,
            description="Port that checks of tracking domains connect to for HTTPS, and that HTTP must redirect to.",
        ),
    ] = 443


class DnsSettings(Section, frozen=True, kw_only=True):
    """DNS look-ups of the checks of tracking domains."""

    resolvers: Annotated[
        tuple[str, ...],
        _description("IP addresses of resolvers, without port; empty for the system's. No other server is known."),
    ] = ()
    port: Annotated[
        int, msgspec.Meta(ge=1, le=65535, description="Port of resolvers and of the zones' name servers.")
    ] = 53
    timeout: Annotated[float, msgspec.Meta(gt=0, le=30, description="Seconds that a query may take.")] = 2.0


class UtmSettings(Section, frozen=True, kw_only=True):
    """UTM parameters added to links to your own sites. Placeholders in values are described in utm.md."""

    source: Annotated[str, _description("utm_source.")] = "email"
    medium: Annotated[str, _description("utm_medium.")] = "newsletter"
    campaign: Annotated[str, _description("utm_campaign.")] = "{campaign}"
    content: Annotated[str, _description("utm_content; empty for none.")] = ""
    term: Annotated[str, _description("utm_term; empty for none.")] = ""
    own_hosts: Annotated[
        tuple[str, ...],
        _description(
            "Hosts whose links get UTM parameters: example.com, *.example.com for its subdomains, or * for all."
        ),
    ] = ()
    existing: Annotated[
        Literal["fill", "keep", "replace"],
        _description(
            "What to do with a link that has UTM parameters: fill in the missing ones, keep the link as it is, or "
            "replace them."
        ),
    ] = "fill"
    convention_file: Annotated[
        str,
        _description(
            "UTM convention file, described in utm.md, instead of all keys above; relative to the settings file."
        ),
    ] = ""


class EdgeSettings(Section, frozen=True, kw_only=True):
    """The public server that redirects clicks."""

    listen: Annotated[
        str,
        _description(
            "Address of the public port; [::]:8080 listens on every address, IPv4 and IPv6. Put a proxy that "
            "terminates TLS in front."
        ),
    ] = "127.0.0.1:8080"
    workers: Annotated[int, msgspec.Meta(ge=0, description="Number of worker processes; 0 for one per core.")] = 0
    trusted_proxies: Annotated[
        tuple[str, ...],
        _description(
            "Networks of your own proxies, and names of CDNs in front of them: cloudflare, fastly. X-Forwarded-For and "
            "X-Forwarded-Proto are ignored from all other addresses."
        ),
    ] = ("127.0.0.0/8", "::1/128")
    proxy_protocol: Annotated[
        bool,
        _description(
            "Connections from trusted_proxies begin with a PROXY protocol header, version 1 or 2. All other "
            "connections are refused."
        ),
    ] = False


class EngagementSettings(Section, frozen=True, kw_only=True):
    """Engagement on landing pages, described in engagement.md."""

    hosts: Annotated[
        tuple[str, ...],
        _description(
            "Your own hosts whose pages include the script: example.com, or *.example.com for its subdomains. Only "
            "redirects to these hosts carry a landing token. Empty to serve neither script nor beacon. A tracking "
            "domain can override this."
        ),
    ] = ()


class PrivacySettings(Section, frozen=True, kw_only=True):
    """Which data about readers is stored, described in privacy.md."""

    opted_out: Annotated[
        Literal["anonymous", "none"],
        _description("What is recorded of readers whose browser sends Global Privacy Control or Do Not Track."),
    ] = "anonymous"
    ip_address_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=24 * MAX_DAYS,
            description="Hours for which analytics stores whole IP addresses; after that, only their networks. The "
            "judge uses the address of a click for as long as its message gets clicks.",
        ),
    ] = 72


class RelaySettings(Section, frozen=True, kw_only=True):
    """The SMTP server that tracks messages and passes them on."""

    listen: Annotated[
        str, _description("Address of the SMTP port. Loopback only: every client that reaches it can send.")
    ] = "127.0.0.1:2525"
    workers: Annotated[int, msgspec.Meta(ge=1, description="Number of relay processes.")] = 1
    rewrite_seconds: Annotated[
        float,
        msgspec.Meta(gt=0, description="Seconds that rewriting a message may take; then it is passed on unchanged."),
    ] = 10.0
    when_unavailable: Annotated[
        Literal["pass", "defer"],
        _description(
            "What happens to messages while the registry or the key ring cannot be read: pass them on untracked, or "
            "defer them with 451."
        ),
    ] = "pass"
    ehlo_name: Annotated[
        str,
        _description(
            "Host name for EHLO to the next hop; empty for the name of this machine if it has a dot, else its IP "
            "address."
        ),
    ] = ""
    next_hop: Annotated[
        str, _description("SMTP server that messages are passed on to: your mail server or your ESP.")
    ] = "127.0.0.1:25"
    next_hop_tls: Annotated[
        Literal["none", "starttls", "tls"],
        _description("TLS to the next hop: none, STARTTLS, or TLS from the start of the connection."),
    ] = "none"
    next_hop_username: Annotated[str, _description("User name at the next hop; empty for none.")] = ""
    next_hop_password: Annotated[str, _description("Password at the next hop.")] = ""
    next_hop_connections: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            description="Connections of a relay process to the next hop, which its clients share. A message occupies "
            "one from MAIL to the end of its data.",
        ),
    ] = 50
    next_hop_messages: Annotated[
        int, msgspec.Meta(ge=1, description="Messages on one connection to the next hop; then a new one is opened.")
    ] = 100


class DkimSettings(Section, frozen=True, kw_only=True):
    """DKIM key of the sender's domain. library.md says which signed messages are re-signed with it."""

    domain: Annotated[str, _description("Domain that signs; empty for none.")] = ""
    selector: Annotated[str, _description("Selector of the key in the domain's DNS.")] = ""
    private_key_file: Annotated[
        str,
        _description(
            "File of the private key, RSA or Ed25519, in PEM without a password; relative to the settings file."
        ),
    ] = ""


class JournalSettings(Section, frozen=True, kw_only=True):
    """The journal: every event is written here before the request is answered."""

    durability: Annotated[
        Literal["durable", "async"],
        _description(
            "What an answered click survives. durable: a power cut. async: a crash of clicktrail; a power cut loses "
            "the clicks of the last 10 ms."
        ),
    ] = "durable"
    buffer_mb: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Megabytes of events that each process buffers in memory while the disk cannot be written: "
            "64 hold some 100,000 clicks.",
        ),
    ] = 64
    retention_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=24 * MAX_DAYS,
            description="Hours for which events stay in the journal after analytics has stored them; verdicts are "
            "final after 72.",
        ),
    ] = 72


class RegistrySettings(Section, frozen=True, kw_only=True):
    """The database of link sets, short links and consents."""

    url: Annotated[
        str,
        _description(
            "postgresql://user@host/database, for several machines; empty for a file in the data folder. Put a "
            "password into a file that CLICKTRAIL_REGISTRY_URL_FILE names."
        ),
    ] = ""
    short_link_days: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=MAX_DAYS,
            description="Days after which a message's short links and their recipient are deleted, so that the links "
            "stop working; 0 to keep them. Sealed links need no database and keep working.",
        ),
    ] = 0


class ConsoleSettings(Section, frozen=True, kw_only=True):
    """The web pages and the API for the sender."""

    listen: Annotated[str, _description("Address of the console. Loopback only: it has no password yet.")] = (
        "127.0.0.1:8081"
    )


class MetricsSettings(Section, frozen=True, kw_only=True):
    """The private port: Prometheus metrics, and the health of every process."""

    listen: Annotated[
        str,
        _description(
            "Address of /metrics and /healthz. They contain counts but no personal data, and have no password."
        ),
    ] = "127.0.0.1:8082"


class LogSettings(Section, frozen=True, kw_only=True):
    """The log that clicktrail serve writes to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _description("Lowest level written to the log. Only debug may name recipients, IP addresses or destinations."),
    ] = "info"


class Settings(Section, frozen=True, kw_only=True):
    """All settings."""

    data_dir: Annotated[
        str, _description("Folder of key ring, journal, registry and analytics; relative to the settings file.")
    ] = "clicktrail-data"
    tracking: TrackingSettings = TrackingSettings()
    domains: DomainsSettings = DomainsSettings()
    dns: DnsSettings = DnsSettings()
    utm: UtmSettings = UtmSettings()
    edge: EdgeSettings = EdgeSettings()
    engagement: EngagementSettings = EngagementSettings()
    privacy: PrivacySettings = PrivacySettings()
    relay: RelaySettings = RelaySettings()
    dkim: DkimSettings = DkimSettings()
    console: ConsoleSettings = ConsoleSettings()
    journal: JournalSettings = JournalSettings()
    registry: RegistrySettings = RegistrySettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()

    @property
    def data_path(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    @property
    def journal_path(self) -> Path:
        """Folder of the journal, with a folder for each writer."""
        return self.data_path / "journal"

    @property
    def analytics_path(self) -> Path:
        """Folder of the analytics store."""
        return self.data_path / "analytics"

    @property
    def quarantine_path(self) -> Path:
        """Folder of the events that could not be processed."""
        return self.data_path / "quarantine"

    @property
    def networks_path(self) -> Path:
        """File of the operator's networks."""
        return self.data_path / "networks.json"

    @property
    def registry_path(self) -> Path:
        """File of the registry, if ``registry.url`` is empty."""
        return self.data_path / "registry.sqlite3"

    @property
    def keyring_path(self) -> Path:
        """File of the key ring."""
        return self.data_path / keyring_file.FILE_NAME

    @property
    def sealed_data_paths(self) -> tuple[Path, ...]:
        """Data that is of little use without its key ring: beside any of it, no new key ring is created."""
        return self.journal_path, self.registry_path, self.analytics_path, self.overrides_path

    @property
    def overrides_path(self) -> Path:
        """File of link edits, erasures and consents for the edge."""
        return self.data_path / "overrides.json"

    @property
    def served_domains_path(self) -> Path:
        """File of the tracking domains that the edge serves."""
        return self.data_path / "domains.json"

    @property
    def applied_files_path(self) -> Path:
        """Folder in which each edge worker states which versions of key ring and overrides it has applied."""
        return self.data_path / "edge-workers"

    @property
    def run_file_path(self) -> Path:
        """File with the supervisor's process id and the addresses in use; exists while the engine runs."""
        return self.data_path / "run.json"
