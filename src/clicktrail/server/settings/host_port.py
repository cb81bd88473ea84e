"""Network addresses in the settings."""

from typing import NamedTuple

from clicktrail.errors import SettingsError

_VALID_PORTS = range(65_536)


class HostPort(NamedTuple):
    """Host and port to listen on or to connect to."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "HostPort":
        """Parse ``host:port``, or ``[::1]:port`` for IPv6.

        Raises:
            SettingsError: the text has another form.
        """
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isdecimal() or int(port) not in _VALID_PORTS:
            raise SettingsError(f"'{text}' is not an address", hint="write host:port, such as 127.0.0.1:8080")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
