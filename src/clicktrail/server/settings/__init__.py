"""Settings with their defaults and documentation.

One TOML file has a section for each component. ``CLICKTRAIL_SECTION_KEY`` in the environment overrides it, and
``CLICKTRAIL_SECTION_KEY_FILE`` names a file that holds the value, for secrets. An unknown key is an error, so that a
typing mistake cannot silently switch something off.
"""

from clicktrail.server.settings.host_port import HostPort
from clicktrail.server.settings.loading import get_environment, load, read_text
from clicktrail.server.settings.schema import Settings

__all__ = ["HostPort", "Settings", "get_environment", "load", "read_text"]
