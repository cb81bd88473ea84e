"""Judge what was recorded before: event logs and ESPs' exports in, verdicts and numbers out, the same as live."""

from clicktrail.audit.judging import judged_messages, message_of
from clicktrail.audit.reader import read_events

__all__ = ["judged_messages", "message_of", "read_events"]
