"""Track one message, or pass it on untracked if that is not possible now."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from clicktrail.errors import StorageError
from clicktrail.rewrite import SkipReason
from clicktrail.server.pipeline.track import (
    ControlHeaders,
    MessageIdentity,
    TrackedMessage,
    add_stored_consent,
    build_untracked_message,
)
from clicktrail.server.ports import Clock, Consents, IdGenerator, ShortCodeGenerator, ShortLinks
from clicktrail.server.relay.rewriter import Rewriter, RewriterError, RewriterPool

_LOG = structlog.get_logger(component="relay")

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
            async with self.rewriters.lease() as rewriter:
                headers = await rewriter.parse(raw)
                campaign = headers.campaign
                headers = await add_stored_consent(headers, recipients, self.consents)
                return await self._rewrite(rewriter, headers, recipients, message_id)
        except RewriterError as error:
            reason = error.reason
        except StorageError as error:
            _LOG.error("consent not readable", message=message_id, error=error)
            reason = SkipReason.UNAVAILABLE
        except Exception as error:  # a bug delays no mail
            _LOG.error("cannot track a message", message=message_id, exc_info=error)
            reason = SkipReason.FAILED
        return build_untracked_message(raw, message_id=message_id, campaign=campaign, reason=reason)

    async def _rewrite(
        self, rewriter: Rewriter, headers: ControlHeaders, recipients: Sequence[str], message_id: str
    ) -> TrackedMessage:
        """Rewrite a message and store its short links; use sealed links if they cannot be stored."""
        now = self.clock.now()
        identity = MessageIdentity(message_id=message_id, short_code=self.codes.new())
        tracked = await rewriter.track(headers, recipients=recipients, identity=identity, now=now)
        if tracked.short_message:
            try:
                await self.short_links.add(tracked.short_message)
            except StorageError as error:
                _LOG.warning("short links not stored", message=message_id, error=error)
                identity = MessageIdentity(message_id=message_id)
                return await rewriter.track(headers, recipients=recipients, identity=identity, now=now)
        return tracked
