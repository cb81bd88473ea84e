"""The console: campaign reports as pages for the sender and as JSON for programs, on loopback."""

from clicktrail.server.console.server import serve_console

__all__ = ["serve_console"]
