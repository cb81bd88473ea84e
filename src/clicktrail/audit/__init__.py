"""Judge recorded clicks: read event logs and ESP exports, and judge them as the live system does.

The live system does not know a whole log, so it cannot use `clicktrail.judge.address_activity`.
"""

from clicktrail.audit.judging import judge_messages, message_key
from clicktrail.audit.reader import read_events

__all__ = ["judge_messages", "message_key", "read_events"]
