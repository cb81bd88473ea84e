"""Replace the links of messages by sealed ones: all that a program needs that sends its mail itself."""

from clicktrail.tracking.campaign import Bodies, CompiledCampaign
from clicktrail.tracking.sending import LONGEST_TOKEN, Sending
from clicktrail.tracking.tracker import Tracker

__all__ = ["LONGEST_TOKEN", "Bodies", "CompiledCampaign", "Sending", "Tracker"]
