"""What the application gives to its handlers."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from clicktrail.server.pipeline.rejudge import Wanted
from clicktrail.server.ports import Analytics

__all__ = ["GivenAnalytics", "GivenRejudge", "GivenSignals", "Rejudge"]

Rejudge = Callable[[Wanted], Awaitable[list[dict[str, Any]]]]
"""Judges again, and says what became of each campaign."""

# A Protocol cannot be checked at run time, so Litestar must not try.
GivenAnalytics = NamedDependency[SkipValidation[Analytics]]
GivenRejudge = NamedDependency[SkipValidation[Rejudge]]
GivenSignals = NamedDependency[Mapping[str, str]]
