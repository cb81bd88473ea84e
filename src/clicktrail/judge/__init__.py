"""Judge clicks: a verdict with reasons for each click of a message. Pure functions, no I/O."""

from clicktrail.judge.rules import Context
from clicktrail.judge.scoring import Judge, judge

__all__ = ["Context", "Judge", "judge"]
