"""The console: campaign reports as pages for the sender and as JSON for programs, on loopback."""

from clicktrail.server.console.app import create_app

__all__ = ["create_app"]
