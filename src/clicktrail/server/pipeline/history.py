"""The verdicts that clicks had before, as programs read them."""

from clicktrail.model.event import rfc3339
from clicktrail.server.ports import Analytics, VerdictChange

__all__ = ["described_history"]


async def described_history(analytics: Analytics, campaign: str, *, click: str | None, limit: int) -> dict[str, object]:
    """The latest changes of a campaign's verdicts, or of one click's; empty if there is no such campaign.

    The shape is that of ``clicktrail history --json``: see docs/reference/history.md.

    Raises:
        StorageError: they cannot be read just now.
    """
    changes = await analytics.history(campaign, clicks=() if click is None else (click,), limit=limit)
    if not changes and await analytics.recent_campaign(campaign) is None:
        return {}
    return {"campaign": campaign, "changes": [_described(change) for change in changes]}


def _described(change: VerdictChange) -> dict[str, object]:
    return {
        "at": rfc3339(change.at),
        "click": change.click_id,
        "message_id": change.message_id,
        "from": change.before.value,
        "to": change.after.value,
        "score": change.score,
        "signals": list(change.signals),
        "rules": change.rules,
    }
