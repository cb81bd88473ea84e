"""Tell people from scanners: one message's events in, a verdict with reasons for each of its clicks out."""

from clicktrail.judge.rules import Context
from clicktrail.judge.scoring import Judge, judge

__all__ = ["Context", "Judge", "judge"]
