"""UTM parameters: naming convention, tagging, lint and audit."""

from clicktrail.utm.convention import Convention, ExistingUtmAction, parse_convention
from clicktrail.utm.tag import UtmTagger, add_utm_parameters

__all__ = ["Convention", "ExistingUtmAction", "UtmTagger", "add_utm_parameters", "parse_convention"]
