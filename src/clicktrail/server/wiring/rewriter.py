"""Run a rewriting process of the relay. It imports no more than it needs: each relay process has two of them."""

from functools import partial

from clicktrail.server.relay import rewriter_process
from clicktrail.server.settings import Settings
from clicktrail.server.wiring.config import build_tracker


def run_rewriter(settings: Settings) -> None:
    """Run a rewriting process until its standard input ends.

    Raises:
        KeyRingError: the key ring cannot be used.
        SettingsError: a file that the settings name cannot be read or used.
    """
    rewriter_process.run_rewriter(partial(build_tracker, settings))
