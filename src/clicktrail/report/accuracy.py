"""How verdicts fare against what is known of some clicks."""

from collections.abc import Mapping
from dataclasses import dataclass

from clicktrail.model.verdict import Verdict

__all__ = ["TRUTH_VERDICTS", "ConfusionMatrix", "confusion_matrix_as_json"]

TRUTH_VERDICTS = (Verdict.HUMAN, Verdict.BOT, Verdict.PREVIEW)
"""What a click can really be: a suspicion is never the truth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """Labelled clicks.

    Attributes:
        counts: how many, by truth and verdict.
        unmatched_labels: labels of clicks that are not stored.
    """

    counts: Mapping[tuple[Verdict, Verdict], int]
    unmatched_labels: int = 0

    def precision(self, kind: Verdict) -> float | None:
        """Of the clicks with this verdict, the share that truly are; None where there are none."""
        judged = sum(clicks for (_, verdict), clicks in self.counts.items() if verdict is kind)
        return self.counts.get((kind, kind), 0) / judged if judged else None

    def recall(self, kind: Verdict) -> float | None:
        """Of the clicks that truly are, the share with this verdict; None where there are none."""
        true = sum(clicks for (truth, _), clicks in self.counts.items() if truth is kind)
        return self.counts.get((kind, kind), 0) / true if true else None


def confusion_matrix_as_json(confusion: ConfusionMatrix) -> dict[str, object]:
    """The shape of ``clicktrail labels report --json``; rates are fractions of 1."""
    return {
        "labels": sum(confusion.counts.values()) + confusion.unmatched_labels,
        "unknown": confusion.unmatched_labels,
        "truths": [
            {
                "truth": truth.value,
                "verdicts": {verdict.value: confusion.counts.get((truth, verdict), 0) for verdict in Verdict},
                "precision": confusion.precision(truth),
                "recall": confusion.recall(truth),
            }
            for truth in TRUTH_VERDICTS
        ],
    }
