"""Replace the links of messages by sealed ones: all that a program needs that sends its mail itself."""

from clicktrail.tracking.campaign import CompiledCampaign, RenderedBodies
from clicktrail.tracking.sending import MAX_SEALED_TOKEN_CHARS, MessageMetadata
from clicktrail.tracking.tracker import Tracker

__all__ = ["MAX_SEALED_TOKEN_CHARS", "CompiledCampaign", "MessageMetadata", "RenderedBodies", "Tracker"]
