"""Every setting with its default and what it means: a section for each part."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from clicktrail.rewrite.policy import Preset

__all__ = [
    "Console",
    "Dkim",
    "Edge",
    "Engagement",
    "Log",
    "Metrics",
    "Privacy",
    "Recording",
    "Registry",
    "Relay",
    "Section",
    "Settings",
    "Tracking",
    "Utm",
]


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
            "are handed the click. Empty to have neither script nor beacon. A tracking domain can have its own."
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
    short_link_days: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            description="Days after which a message's short links are deleted, with its recipient, and lead nowhere; 0 "
            "to keep them. Sealed links stand in no database, and lead on.",
        ),
    ] = 0


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
    def networks(self) -> Path:
        """The networks that the operator told us of."""
        return self.data / "networks.json"

    @property
    def registry_file(self) -> Path:
        """The registry, unless it is elsewhere."""
        return self.data / "registry.sqlite3"
