"""What the application gives to its handlers."""

from collections.abc import Mapping

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from clicktrail.server.ports import Analytics

__all__ = ["GivenAnalytics", "GivenSignals"]

# A Protocol cannot be checked at run time, so Litestar must not try.
GivenAnalytics = NamedDependency[SkipValidation[Analytics]]
GivenSignals = NamedDependency[Mapping[str, str]]
