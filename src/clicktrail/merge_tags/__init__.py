"""Merge tags of template languages, such as ``{{email}}`` or ``*|EMAIL|*``, which a sending program replaces later.

A URL that contains one is not yet a link. data/dialects.toml has one table of all dialects; `finder` searches URLs and
values for them.
"""

from clicktrail.merge_tags.finder import find_merge_tag
from clicktrail.merge_tags.table import Dialect, EspMergeTag, load_table

__all__ = ["Dialect", "EspMergeTag", "find_merge_tag", "load_table"]
