"""Read the settings file and the environment."""

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from clicktrail.config_text import explain_error
from clicktrail.errors import SettingsError
from clicktrail.model.hosts import check_bounded_host_patterns, check_host_patterns
from clicktrail.rewrite.policy import Preset
from clicktrail.server.settings.address import HostPort
from clicktrail.server.settings.schema import Section, Settings, UtmSettings

__all__ = ["get_environment", "load", "validate_settings"]

# FOLDED checking.py: Refuse settings of the right kind that cannot be used.


def validate_settings(settings: Settings) -> None:
    """See that they can be used.

    Raises:
        SettingsError: one cannot; it is named.
    """
    if not _is_origin(settings.tracking.domain):
        raise SettingsError(
            f"tracking.domain is '{settings.tracking.domain}'", hint="write scheme and host: https://links.example.com"
        )
    if settings.utm.convention_file and settings.utm != UtmSettings(convention_file=settings.utm.convention_file):
        raise SettingsError(
            f"utm.convention_file names {settings.utm.convention_file}, and [utm] has other keys beside it",
            hint="move them into that file",
        )
    given = {name: bool(getattr(settings.dkim, name)) for name in settings.dkim.__struct_fields__}
    if any(given.values()) and not all(given.values()):
        missing = next(name for name in given if not given[name])
        raise SettingsError(f"dkim.{missing} is missing", hint=f"a key needs {', '.join(given)}")
    if settings.registry.url and not settings.registry.url.startswith("postgresql://"):
        raise SettingsError("registry.url is no PostgreSQL URL", hint="write postgresql://user@host/database")
    HostPort.parse(settings.edge.listen)
    HostPort.parse(settings.metrics.listen)
    HostPort.parse(settings.relay.next_hop)
    for name, listen in (("relay.listen", settings.relay.listen), ("console.listen", settings.console.listen)):
        if not _is_loopback(HostPort.parse(listen).host):
            raise SettingsError(f"{name} is '{listen}'", hint="it must be on loopback, such as 127.0.0.1")
    check_host_patterns("utm.own_hosts", settings.utm.own_hosts)
    check_bounded_host_patterns("engagement.hosts", settings.engagement.hosts)
    for network in settings.edge.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError as error:
            raise SettingsError(f"edge.trusted_proxies: {error}", hint="write a network, such as 10.0.0.0/8") from error


def _is_origin(text: str) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:
        return False
    beyond = url.path.strip("/") or url.query or url.fragment
    return url.scheme in {"http", "https"} and bool(url.hostname) and not beyond


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_DEFAULT_CONFIG_NAME = "clicktrail.toml"


def get_environment() -> Mapping[str, str]:
    """The process's environment variables."""
    return os.environ


def load(config_path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings file, then the environment.

    Args:
        config_path: the file; None to take ``CLICKTRAIL_CONFIG``, else ``clicktrail.toml`` where it exists.
        environ: the environment variables.

    Raises:
        SettingsError: the file is missing, or a key unknown, or a value of the wrong kind.
    """
    named = config_path or (Path(environ["CLICKTRAIL_CONFIG"]) if "CLICKTRAIL_CONFIG" in environ else None)
    file = named or Path(_DEFAULT_CONFIG_NAME)
    tree: dict[str, Any] = {}
    if named or file.is_file():
        tree = _read_toml(file)
    _apply_environment(tree, environ)
    _reject_unknown_keys(tree, Settings, prefix="")
    try:
        settings = msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"in the settings {explain_error(error)}") from error
    validate_settings(settings)
    return _resolve_paths(file.absolute().parent, settings)


def _resolve_paths(folder: Path, settings: Settings) -> Settings:
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
            domains_file=path(tracking.domains_file),
        ),
        utm=replace(utm, convention_file=path(utm.convention_file)),
        dkim=replace(dkim, private_key_file=path(dkim.private_key_file)),
    )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error


def _read_secret_file(name: str, file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"cannot read {file}, which {name} names: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}, which {name} names, is no text in UTF-8") from error


def _apply_environment(tree: dict[str, Any], environ: Mapping[str, str]) -> None:
    for section, key, kind in _list_settings():
        name = f"CLICKTRAIL_{section}_{key}".upper().replace("__", "_")
        text = environ.get(name)
        if text is None and f"{name}_FILE" in environ:
            text = _read_secret_file(f"{name}_FILE", Path(environ[f"{name}_FILE"]))
        if text is None:
            continue
        value = [item.strip() for item in text.split(",") if item.strip()] if kind is tuple else text
        (tree.setdefault(section, {}) if section else tree)[key] = value


def _list_settings() -> list[tuple[str, str, type]]:
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


def _reject_unknown_keys(tree: Mapping[str, Any], section: type[Section], *, prefix: str) -> None:
    known = {field.name: field.type for field in msgspec.structs.fields(section)}
    for key, value in tree.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise SettingsError(
                f"unknown setting '{prefix}{key}'",
                hint=f"did you mean '{prefix}{near[0]}'?" if near else f"known here: {', '.join(known)}",
            )
        inner = known[key]
        if isinstance(value, Mapping) and isinstance(inner, type) and issubclass(inner, Section):
            _reject_unknown_keys(value, inner, prefix=f"{key}.")
