"""The console: campaign reports as pages and as JSON, served on a loopback address."""

from clicktrail.server.console.app import create_app

__all__ = ["create_app"]
