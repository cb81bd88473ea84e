"""UTM parameters: a sender's convention, and adding it to links."""

from clicktrail.utm.convention import Convention, Existing
from clicktrail.utm.parsing import parse
from clicktrail.utm.tag import tag
from clicktrail.utm.tagger import Tagger

__all__ = ["Convention", "Existing", "Tagger", "parse", "tag"]
