"""Where to listen or to connect, as settings write it."""

from typing import NamedTuple

from clicktrail.errors import SettingsError

__all__ = ["HostPort"]

_VALID_PORTS = range(65_536)


class HostPort(NamedTuple):
    """Where to listen or to connect."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "HostPort":
        """Read ``host:port``, ``[::1]:port`` for IPv6.

        Raises:
            SettingsError: not of that form.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) not in _VALID_PORTS:
            raise SettingsError(f"'{text}' is not an address", hint="write host:port, such as 127.0.0.1:8080")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
