"""Settings, their defaults and their documentation.

One TOML file with a section for each part; ``CLICKTRAIL_SECTION_KEY`` in the environment goes before it, and
``CLICKTRAIL_SECTION_KEY_FILE`` names a file that holds the value, for secrets. A key that does not exist is an error
that names it, so that a typing mistake cannot switch something off in silence.
"""

from clicktrail.server.settings.address import HostPort
from clicktrail.server.settings.loading import get_environment, load
from clicktrail.server.settings.schema import Settings

__all__ = ["HostPort", "Settings", "get_environment", "load"]
