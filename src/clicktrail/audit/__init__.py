"""Judge what was recorded before: event logs and ESPs' exports in, verdicts and numbers out, the same as live."""

from clicktrail.audit.judging import judge_messages, message_key
from clicktrail.audit.reader import read_events

__all__ = ["judge_messages", "message_key", "read_events"]
