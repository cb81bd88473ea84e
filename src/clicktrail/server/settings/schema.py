"""Every setting with its default and what it means: a section for each part."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from clicktrail import keyring_file
from clicktrail.rewrite.policy import Preset

__all__ = [
    "ConsoleSettings",
    "DkimSettings",
    "EdgeSettings",
    "EngagementSettings",
    "JournalSettings",
    "LogSettings",
    "MetricsSettings",
    "PrivacySettings",
    "RegistrySettings",
    "RelaySettings",
    "Section",
    "Settings",
    "TrackingSettings",
    "UtmSettings",
]


def _description(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the file."""


class TrackingSettings(Section, frozen=True, kw_only=True):
    """Where tracked links lead."""

    domain: Annotated[
        str,
        _description("Tracking domain with its scheme, such as https://links.example.com: what readers see and click."),
    ] = "http://127.0.0.1:8080"
    policy: Annotated[
        str,
        _description(
            "Which links are tracked, and how those who have not been asked: a preset or a policy file, described in "
            "reason-codes.md; relative to the settings file."
        ),
    ] = Preset.STANDARD.value
    domains_file: Annotated[
        str,
        _description(
            "A file of all tracking domains, described in domains.md; relative to the settings file. Empty to answer "
            "for every host name alike."
        ),
    ] = ""


class UtmSettings(Section, frozen=True, kw_only=True):
    """Parameters added to the links of one's own sites; their placeholders are those of utm.md."""

    source: Annotated[str, _description("utm_source.")] = "email"
    medium: Annotated[str, _description("utm_medium.")] = "newsletter"
    campaign: Annotated[str, _description("utm_campaign.")] = "{campaign}"
    content: Annotated[str, _description("utm_content; empty for none.")] = ""
    term: Annotated[str, _description("utm_term; empty for none.")] = ""
    own_hosts: Annotated[
        tuple[str, ...],
        _description(
            "Hosts whose links get UTM parameters: example.com, or *.example.com for all below it, or * for all."
        ),
    ] = ()
    existing: Annotated[
        Literal["fill", "keep", "replace"],
        _description("What becomes of a link's own UTM parameters: filled up, left alone, or replaced."),
    ] = "fill"
    convention_file: Annotated[
        str,
        _description(
            "A convention file, described in utm.md, in place of all the keys above; relative to the settings file."
        ),
    ] = ""


class EdgeSettings(Section, frozen=True, kw_only=True):
    """The public face that redirects."""

    listen: Annotated[
        str,
        _description(
            "Address of the public port; [::]:8080 is every address, of IPv4 too. Put a proxy that ends TLS in front."
        ),
    ] = "127.0.0.1:8080"
    workers: Annotated[int, msgspec.Meta(ge=0, description="Worker processes; 0 for one a core.")] = 0
    trusted_proxies: Annotated[
        tuple[str, ...],
        _description(
            "Networks of your own proxies: only they may name a client in X-Forwarded-For, or say that it came by TLS."
        ),
    ] = ("127.0.0.0/8", "::1/128")
    proxy_protocol: Annotated[
        bool,
        _description(
            "Connections from trusted_proxies begin with a header of the PROXY protocol, version 1 or 2, that names "
            "the client. From elsewhere none is taken."
        ),
    ] = False


class EngagementSettings(Section, frozen=True, kw_only=True):
    """What landing pages see of a click's visitor, described in engagement.md."""

    hosts: Annotated[
        tuple[str, ...],
        _description(
            "Your own hosts whose pages have the script: example.com, or *.example.com for all below it. They alone "
            "are handed the click. Empty to have neither script nor beacon. A tracking domain can have its own."
        ),
    ] = ()


class PrivacySettings(Section, frozen=True, kw_only=True):
    """What is kept of readers, described in privacy.md."""

    opted_out: Annotated[
        Literal["anonymous", "none"],
        _description("What is recorded of readers whose browser sends Global Privacy Control or Do Not Track."),
    ] = "anonymous"
    ip_address_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Hours for which analytics keeps a client's whole address; after that, its network alone. The "
            "judge has a use for the address as long as a message's clicks come in.",
        ),
    ] = 72


class RelaySettings(Section, frozen=True, kw_only=True):
    """Messages in by SMTP, tracked messages out."""

    listen: Annotated[str, _description("Address to take messages on. Loopback only: whoever reaches it can send.")] = (
        "127.0.0.1:2525"
    )
    next_hop: Annotated[str, _description("The SMTP server that messages go on to: your MTA or your ESP.")] = (
        "127.0.0.1:25"
    )
    next_hop_tls: Annotated[
        Literal["none", "starttls", "tls"],
        _description("How to speak to the next hop: plainly, by STARTTLS, or TLS at once."),
    ] = "none"
    next_hop_username: Annotated[str, _description("User name at the next hop; empty for none.")] = ""
    next_hop_password: Annotated[str, _description("Password at the next hop.")] = ""


class DkimSettings(Section, frozen=True, kw_only=True):
    """A key of the sender's domain, for messages that come signed by it; library.md says when they are signed anew."""

    domain: Annotated[str, _description("The domain that signs; empty for none.")] = ""
    selector: Annotated[str, _description("The key's name among those of the domain.")] = ""
    private_key_file: Annotated[
        str,
        _description(
            "File of the private key, RSA or Ed25519 in PEM without a password; relative to the settings file."
        ),
    ] = ""


class JournalSettings(Section, frozen=True, kw_only=True):
    """The journal: every event, on disk before anybody is answered."""

    durability: Annotated[
        Literal["durable", "async"],
        _description(
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
    retention_hours: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Hours that events stay in the journal once they are in analytics: 72 is the time after which "
            "verdicts are final.",
        ),
    ] = 72


class RegistrySettings(Section, frozen=True, kw_only=True):
    """Link sets, short links and consents."""

    url: Annotated[
        str,
        _description(
            "postgresql://user@host/database, for several machines; empty for a file in the data folder. A password "
            "is better left to CLICKTRAIL_REGISTRY_URL_FILE."
        ),
    ] = ""
    short_link_days: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Days after which a message's short links are deleted, with its recipient, and lead nowhere; 0 "
            "to keep them. Sealed links stand in no database, and lead on.",
        ),
    ] = 0


class ConsoleSettings(Section, frozen=True, kw_only=True):
    """The page and the API for the sender."""

    listen: Annotated[str, _description("Address of the console. Loopback only: it asks for no password yet.")] = (
        "127.0.0.1:8081"
    )


class MetricsSettings(Section, frozen=True, kw_only=True):
    """The private port: figures for Prometheus, and the health of every process."""

    listen: Annotated[
        str,
        _description(
            "Address of /metrics and /healthz. They hold counts and no personal data, and ask for no password."
        ),
    ] = "127.0.0.1:8082"


class LogSettings(Section, frozen=True, kw_only=True):
    """What serve writes to standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _description("What is not worth less. Only debug may name recipients, addresses and destinations."),
    ] = "info"


class Settings(Section, frozen=True, kw_only=True):
    """All settings."""

    data_dir: Annotated[
        str, _description("Folder of key ring, journal, registry and analytics; relative to the settings file.")
    ] = "clicktrail-data"
    tracking: TrackingSettings = TrackingSettings()
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
    def overrides_path(self) -> Path:
        """Overrides of links and recipients, as the edge reads them."""
        return self.data_path / "overrides.json"

    @property
    def run_file_path(self) -> Path:
        """Addresses in use, while the engine runs."""
        return self.data_path / "run.json"

    @property
    def keyring_path(self) -> Path:
        """The key ring."""
        return self.data_path / keyring_file.FILE_NAME

    @property
    def journal_path(self) -> Path:
        """The folder of the journal's writers."""
        return self.data_path / "journal"

    @property
    def analytics_path(self) -> Path:
        """The folder of the analytics engine."""
        return self.data_path / "analytics"

    @property
    def networks_path(self) -> Path:
        """The networks that the operator told us of."""
        return self.data_path / "networks.json"

    @property
    def registry_path(self) -> Path:
        """The registry, unless it is elsewhere."""
        return self.data_path / "registry.sqlite3"
