"""Track messages from Python, without a server."""

from clicktrail.tracking.campaign import CompiledCampaign, RenderedBodies
from clicktrail.tracking.message_metadata import MAX_SEALED_TOKEN_CHARS, MessageMetadata
from clicktrail.tracking.tracker import Tracker

__all__ = ["MAX_SEALED_TOKEN_CHARS", "CompiledCampaign", "MessageMetadata", "RenderedBodies", "Tracker"]
