"""Read the settings file and the environment."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from clicktrail.config_text import convert_config, decode_toml
from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_bounded_host_patterns, check_host_patterns, is_domain_name, normalize_host
from clicktrail.model.link import Preset
from clicktrail.server.pipeline.cdn_networks import parse_trusted_proxies
from clicktrail.server.settings.host_port import HostPort
from clicktrail.server.settings.schema import Section, Settings, UtmSettings

_DEFAULT_CONFIG_NAME = "clicktrail.toml"


def get_environment() -> Mapping[str, str]:
    """The process's environment variables."""
    return os.environ


def load(config_path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Load the settings: environment variables override the settings file.

    Without ``config_path`` the file is ``CLICKTRAIL_CONFIG``, else ``clicktrail.toml`` if it exists.

    Raises:
        SettingsError: the file is missing, a key is unknown, or a value cannot be used.
    """
    if config_path is None and "CLICKTRAIL_CONFIG" in environ:
        config_path = Path(environ["CLICKTRAIL_CONFIG"])
    file = config_path or Path(_DEFAULT_CONFIG_NAME)
    tree: dict[str, Any] = {}
    if config_path or file.is_file():
        tree = decode_toml(read_text(file, "settings file"), dict[str, Any], name=str(file))
    _apply_environment(tree, environ)
    _refuse_domains_file(tree)
    settings = convert_config(tree, Settings, name="the settings", strict=False)
    validate_settings(settings)
    return _resolve_paths(file.absolute().parent, settings)


def read_text(path: Path, kind: str, *, hint: str = "") -> str:
    """Read a UTF-8 file that the settings name; errors call it ``kind``, such as "policy".

    Raises:
        SettingsError: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"cannot read the {kind} {path}: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the {kind} {path} is not UTF-8") from error


def validate_settings(settings: Settings) -> None:
    """Check what the types of the settings do not say.

    Raises:
        SettingsError: a value cannot be used; the message names the setting.
    """
    if not _is_origin(settings.tracking.domain):
        raise SettingsError(
            f"tracking.domain is '{settings.tracking.domain}'", hint="write scheme and host: https://links.example.com"
        )
    utm = settings.utm
    if utm.convention_file and utm != UtmSettings(convention_file=utm.convention_file):
        raise SettingsError(
            f"utm.convention_file names {utm.convention_file}, and [utm] has other keys beside it",
            hint="move them into that file",
        )
    _validate_dkim(settings)
    if settings.registry.url and not settings.registry.url.startswith("postgresql://"):
        raise SettingsError("registry.url is no PostgreSQL URL", hint="write postgresql://user@host/database")
    _validate_addresses(settings)
    check_host_patterns("utm.own_hosts", utm.own_hosts)
    check_bounded_host_patterns("engagement.hosts", settings.engagement.hosts)
    _validate_domains(settings)
    parse_trusted_proxies(settings.edge.trusted_proxies)


def _validate_domains(settings: Settings) -> None:
    for target in settings.domains.targets:
        if not _is_ip_address(target) and not is_domain_name(normalize_host(target)):
            raise SettingsError(
                f"domains.targets has '{target}'",
                hint="write a host name such as edge.example.com, or an IP address, without scheme and port",
            )
    for resolver in settings.dns.resolvers:
        if not _is_ip_address(resolver):
            raise SettingsError(
                f"dns.resolvers has '{resolver}'", hint="write an IP address without port; dns.port is the port of all"
            )


def _validate_dkim(settings: Settings) -> None:
    values = msgspec.structs.asdict(settings.dkim)
    missing = [key for key, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise SettingsError(f"dkim.{missing[0]} is missing", hint=f"a DKIM key needs {', '.join(values)}")


def _validate_addresses(settings: Settings) -> None:
    for address in (settings.edge.listen, settings.metrics.listen, settings.relay.next_hop):
        HostPort.parse(address)
    for name, address in (("relay.listen", settings.relay.listen), ("console.listen", settings.console.listen)):
        if not _is_loopback(HostPort.parse(address).host):
            raise SettingsError(f"{name} is '{address}'", hint="it must be on loopback, such as 127.0.0.1")


def _is_origin(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    has_more = bool(url.path.strip("/") or url.query or url.fragment)
    return url.scheme in {"http", "https"} and bool(url.hostname) and not has_more


def _is_ip_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_domains_file(tree: Mapping[str, Any]) -> None:
    """A setting of earlier versions; to ignore it would serve every host."""
    tracking = tree.get("tracking")
    if isinstance(tracking, Mapping) and "domains_file" in tracking:
        raise SettingsError(
            "tracking.domains_file is no longer a setting: tracking domains are in the registry",
            hint=f"delete the setting, then run: clicktrail domain import {tracking['domains_file']}",
        )


def _apply_environment(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    for section, key, is_list in (*_list_settings(), ("tracking", "domains_file", False)):
        variable = f"CLICKTRAIL_{section}_{key}".upper().replace("__", "_")
        text = environ.get(variable)
        if text is None and (path := environ.get(f"{variable}_FILE")) is not None:
            text = read_text(Path(path), f"file of {variable}_FILE,").strip()
        if text is None:
            continue
        value = [item.strip() for item in text.split(",") if item.strip()] if is_list else text
        (tree.setdefault(section, {}) if section else tree)[key] = value


def _list_settings() -> list[tuple[str, str, bool]]:
    """Every setting as (section, key, is a list); the section is empty for keys at the top."""
    settings: list[tuple[str, str, bool]] = []
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, Section):
            settings += [
                (field.name, key.name, isinstance(key.default, tuple)) for key in msgspec.structs.fields(field.type)
            ]
        else:
            settings.append(("", field.name, False))
    return settings


def _resolve_paths(folder: Path, settings: Settings) -> Settings:
    """Make relative paths absolute: they are relative to the folder of the settings file."""

    def resolve(path: str) -> str:
        return path and str(folder / path)

    replace = msgspec.structs.replace
    tracking, utm, dkim = settings.tracking, settings.utm, settings.dkim
    return replace(
        settings,
        data_dir=resolve(settings.data_dir),
        tracking=replace(
            tracking,
            policy=tracking.policy if tracking.policy in list(Preset) else resolve(tracking.policy),
        ),
        utm=replace(utm, convention_file=resolve(utm.convention_file)),
        dkim=replace(dkim, private_key_file=resolve(dkim.private_key_file)),
    )
