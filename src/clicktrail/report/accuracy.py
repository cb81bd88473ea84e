"""Accuracy of verdicts, measured on clicks with a ground-truth label."""

from collections.abc import Mapping
from dataclasses import dataclass

from clicktrail.model.verdict import Verdict

TRUTH_VERDICTS = (Verdict.HUMAN, Verdict.BOT, Verdict.PREVIEW)
"""Verdicts that a label can have: ``suspected`` says that the truth is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """Labelled clicks by (truth, verdict), and the number of labels whose click is not stored."""

    counts: Mapping[tuple[Verdict, Verdict], int]
    unmatched_labels: int = 0

    def precision(self, kind: Verdict) -> float | None:
        """Share of the clicks with this verdict for which it is true; None if there are no such clicks."""
        clicks_with_verdict = sum(clicks for (_, verdict), clicks in self.counts.items() if verdict is kind)
        return self.counts.get((kind, kind), 0) / clicks_with_verdict if clicks_with_verdict else None

    def recall(self, kind: Verdict) -> float | None:
        """Share of the clicks with this truth that have the verdict; None if there are no such clicks."""
        clicks_with_truth = sum(clicks for (truth, _), clicks in self.counts.items() if truth is kind)
        return self.counts.get((kind, kind), 0) / clicks_with_truth if clicks_with_truth else None
