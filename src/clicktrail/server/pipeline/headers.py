"""What is recorded of a request's headers: those that the judge reads. All else is none of our business."""

from collections.abc import Mapping

__all__ = ["MAX_HEADER", "kept_headers"]

MAX_HEADER = 256
"""Characters that are kept of a value."""

_KEPT = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "dnt",
        "purpose",
        "referer",
        "sec-ch-ua",
        "sec-ch-ua-arch",
        "sec-ch-ua-bitness",
        "sec-ch-ua-form-factors",
        "sec-ch-ua-full-version-list",
        "sec-ch-ua-mobile",
        "sec-ch-ua-model",
        "sec-ch-ua-platform",
        "sec-ch-ua-platform-version",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "sec-gpc",
        "sec-purpose",
        "x-moz",
        "x-native-host",
        "x-purpose",
    }
)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The few that are recorded, of all of a request's headers by their lower-case names."""
    return {name: value[:MAX_HEADER] for name, value in headers.items() if name in _KEPT}
