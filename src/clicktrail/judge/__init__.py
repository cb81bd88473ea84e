"""Tell people from scanners: one message's events in, a verdict with reasons for each of its clicks out."""

from clicktrail.judge.context import Context
from clicktrail.judge.verdicts import Judge, judge

__all__ = ["Context", "Judge", "judge"]
