from clicktrail.model.verdict import Verdict
from clicktrail.report.accuracy import ConfusionMatrix

H, S, B, P = Verdict  # human, suspected, bot, preview


def test_precision_and_recall_by_truth() -> None:
    confusion = ConfusionMatrix(counts={(H, H): 8, (H, S): 1, (H, B): 1, (B, H): 2, (B, B): 3}, unmatched_labels=4)
    assert (
        confusion.precision(H),
        confusion.recall(H),
        confusion.precision(B),
        confusion.recall(B),
    ) == (0.8, 0.8, 0.75, 0.6)
    assert (confusion.precision(P), confusion.recall(P)) == (None, None)
