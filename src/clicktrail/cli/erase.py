"""clicktrail erase: erase a recipient's data."""

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from clicktrail.cli.options import Config, Json, load_key_ring, load_settings
from clicktrail.cli.terminal import print_json, print_line, print_message
from clicktrail.errors import ClicktrailError, StorageError
from clicktrail.model.recipient import normalize_recipient

if TYPE_CHECKING:
    from clicktrail.server.ports import ErasureResult
    from clicktrail.server.settings import Settings
    from clicktrail.server.wiring.stores import Registry
    from clicktrail.tokens import KeyRing

_POLL_INTERVAL_S = 0.2
_MAX_POLLS = 600
"""Two minutes."""
_COPIES_NOTE = "backups, exports and reports that you made, and the logs of your mail servers, are not erased"


def erase(
    recipient: Annotated[
        str, typer.Argument(help="Email address, or the id in X-Clicktrail-Recipient.", metavar="RECIPIENT")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Erase a recipient's data, and record nothing about them from now on.

    docs/reference/privacy.md says what remains where, and for how long.
    """
    name = normalize_recipient(recipient)
    if not name or not name.isprintable():
        raise ClicktrailError("this is not a recipient", hint="name an email address, or an opaque id")
    settings = load_settings(config)
    ring = load_key_ring(settings)
    if not yes:
        _confirm(name)
    asyncio.run(_Erasure(settings, ring, name).run(json_=json_))


def _confirm(name: str) -> None:
    if not sys.stdin.isatty():
        raise ClicktrailError("erase asks before it erases, and there is no terminal", hint="add --yes")
    if not typer.confirm(f"Erase all data of {name}? This cannot be undone.", err=True):
        raise ClicktrailError("nothing was erased")


class _Erasure:
    def __init__(self, settings: "Settings", ring: "KeyRing", name: str) -> None:
        from clicktrail.server.pipeline.privacy import HashedRecipients

        self._settings = settings
        self._name = name
        self._hash = HashedRecipients(ring).hash_recipient(name)
        self._pending_reason = "analytics is not erased yet: the engine does so"

    async def run(self, *, json_: bool) -> None:
        from clicktrail.server.applied_files import find_outdated_workers
        from clicktrail.server.system import SystemClock
        from clicktrail.server.wiring.overrides import copy_overrides
        from clicktrail.server.wiring.stores import open_registry

        async with open_registry(self._settings) as registry:
            consents = await registry.erasures.add(self._name, self._hash, at=SystemClock().now())
            await copy_overrides(self._settings, registry)
            outdated, _ = await find_outdated_workers(self._settings.applied_files_path, self._settings.overrides_path)
            result = await self._erase_now(registry)
        left = [f"{name} may still record clicks: the log of clicktrail serve says why" for name in outdated]
        left += self._find_left(is_done=result is not None)
        self._print(result, consents=consents, left=left, json_=json_)
        if result is None:
            raise typer.Exit(1)

    async def _erase_now(self, registry: "Registry") -> "ErasureResult | None":
        """What was erased; None if only the engine can do so, and has not done so yet."""
        if not await asyncio.to_thread(self._is_engine_running):
            await self._erase_without_engine(registry)
        for _ in range(_MAX_POLLS):
            if result := await registry.erasures.find_result(self._hash):
                return result
            await asyncio.sleep(_POLL_INTERVAL_S)
        return None

    def _is_engine_running(self) -> bool:
        from clicktrail.server.engine_client import EngineClient, read_service_url

        url = read_service_url(self._settings.run_file_path, "console")
        if url is None:
            return False
        with EngineClient(url) as client:
            return client.is_running()

    async def _erase_without_engine(self, registry: "Registry") -> None:
        from clicktrail.server.wiring.erasing import erase_pending_recipients
        from clicktrail.server.wiring.processing import open_analytics

        if not self._settings.analytics_path.exists():
            if not self._settings.registry.url:
                await erase_pending_recipients(self._settings, registry, None)
            return  # an engine on another machine erases
        async with contextlib.AsyncExitStack() as stack:
            try:
                analytics = await stack.enter_async_context(open_analytics(self._settings))
            except StorageError as error:  # an engine that starts or stops has it open: it erases
                self._pending_reason = f"analytics is not erased yet: {error}"
                return
            await erase_pending_recipients(self._settings, registry, analytics)

    def _find_left(self, *, is_done: bool) -> list[str]:
        from clicktrail.server.pipeline.erasure import ErasedRecipient
        from clicktrail.server.wiring.erasing import find_files_with_recipient

        if not is_done:
            return [self._pending_reason]
        recipient = ErasedRecipient(self._name)
        files = find_files_with_recipient(self._settings, recipient) if recipient.is_address else []
        return [f"{file} still holds the address" for file in files]

    def _print(self, result: "ErasureResult | None", *, consents: int, left: list[str], json_: bool) -> None:
        import msgspec

        if json_:
            counts = msgspec.to_builtins(result) if result else {}
            print_json(
                {"recipient": self._name, "done": result is not None, **counts, "consents": consents, "left": left}
            )
            return
        if result:
            print_line(f"erased {self._name}")
            print_line(f"  analytics      {_count(result.events, 'event')}, {_count(result.clicks, 'click')}")
            print_line(f"  stored links   {_count(result.links, 'link')}")
            print_line(f"  consents       {_count(consents, 'consent')}")
            print_line(f"  journal        {_count(result.journal_lines, 'event')}")
        for text in left:
            print_line(f"left: {text}")
        print_message(_COPIES_NOTE)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
