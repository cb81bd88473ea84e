"""UTM parameters: a sender's convention, and adding it to links."""

from clicktrail.utm.convention import Convention, Existing, parse
from clicktrail.utm.tag import Tagger, tag

__all__ = ["Convention", "Existing", "Tagger", "parse", "tag"]
