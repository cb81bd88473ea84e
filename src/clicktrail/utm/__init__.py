"""UTM parameters: a sender's convention, and adding it to links."""

from clicktrail.utm.convention import Convention
from clicktrail.utm.tag import tag

__all__ = ["Convention", "tag"]
