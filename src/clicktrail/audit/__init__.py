"""Judge recorded clicks: read event logs and ESP exports, and give the same verdicts as the live system."""

from clicktrail.audit.judging import judge_messages, message_key
from clicktrail.audit.reader import read_events

__all__ = ["judge_messages", "message_key", "read_events"]
