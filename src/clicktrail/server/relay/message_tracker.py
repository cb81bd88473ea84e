"""Track one message, or pass it on untracked if that is not possible now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from clicktrail.errors import StorageError
from clicktrail.rewrite import SkipReason
from clicktrail.server.pipeline.track import (
    MessageIdentity,
    TrackedMessage,
    add_stored_consent,
    build_untracked_message,
    get_header_block,
)
from clicktrail.server.ports import Clock, Consents, IdGenerator, ShortCodeGenerator, ShortLinks
from clicktrail.server.relay.rewriter import RewriterError, RewriterPool
from clicktrail.server.relay.rewriter_process import TrackRequest

_LOG = structlog.get_logger(component="relay")

_CONSENT_TIMEOUT_S = 5
"""For all recipients of a message. The registry itself gives up after three seconds."""

FAILURE_REASONS = frozenset({SkipReason.TIME_LIMIT, SkipReason.FAILED, SkipReason.UNAVAILABLE})
"""Reasons that are no decision of a rule: something went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTracker:
    """Tracks messages with the consents and short links of the registry.

    Attributes:
        consents: tracking consents of recipients, used if the message does not state them.
    """

    rewriters: RewriterPool
    consents: Consents
    short_links: ShortLinks
    codes: ShortCodeGenerator
    clock: Clock
    ids: IdGenerator

    async def track(self, raw: bytes, recipients: Sequence[str]) -> TrackedMessage:
        """Rewrite a message and store its short links. What cannot be tracked is returned with the reason."""
        message_id = self.ids.new()
        campaign = ""
        try:
            async with self.rewriters.lease(len(raw)) as (rewriter, deadline):
                headers = await rewriter.parse(get_header_block(raw), deadline=deadline)
            campaign = headers.campaign
            # Outside the lease: a slow registry must not occupy the processes.
            async with asyncio.timeout(_CONSENT_TIMEOUT_S):
                headers = await add_stored_consent(headers, recipients, self.consents)
            request = TrackRequest(
                raw=raw,
                headers=headers,
                recipients=recipients,
                identity=MessageIdentity(message_id=message_id, short_code=self.codes.new()),
                now=self.clock.now(),
            )
            return await self._rewrite(request)
        except RewriterError as error:
            reason = error.reason
        except (StorageError, TimeoutError) as error:
            _LOG.error("consent not readable", message=message_id, error=error)
            reason = SkipReason.UNAVAILABLE
        except Exception as error:  # a bug delays no mail
            _LOG.error("cannot track a message", message=message_id, exc_info=error)
            reason = SkipReason.FAILED
        return build_untracked_message(raw, message_id=message_id, campaign=campaign, reason=reason)

    async def _rewrite(self, request: TrackRequest) -> TrackedMessage:
        """Rewrite a message and store its short links; use sealed links if they cannot be stored."""
        tracked = await self._run(request)
        if tracked.short_message is None:
            return tracked
        try:
            await self.short_links.add(tracked.short_message)
        except StorageError as error:
            _LOG.warning("short links not stored", message=tracked.message_id, error=error)
            identity = MessageIdentity(message_id=request.identity.message_id)
            return await self._run(msgspec.structs.replace(request, identity=identity))
        return tracked

    async def _run(self, request: TrackRequest) -> TrackedMessage:
        async with self.rewriters.lease(len(request.raw)) as (rewriter, deadline):
            return await rewriter.track(request, deadline=deadline)
