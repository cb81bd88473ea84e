from clicktrail.model.verdict import Verdict
from clicktrail.report.accuracy import ConfusionMatrix, confusion_matrix_as_json

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
    assert confusion_matrix_as_json(confusion) == {
        "labels": 19,
        "unmatched_labels": 4,
        "truths": [
            {
                "truth": "human",
                "verdicts": {"human": 8, "suspected": 1, "bot": 1, "preview": 0},
                "precision": 0.8,
                "recall": 0.8,
            },
            {
                "truth": "bot",
                "verdicts": {"human": 2, "suspected": 0, "bot": 3, "preview": 0},
                "precision": 0.75,
                "recall": 0.6,
            },
            {
                "truth": "preview",
                "verdicts": {"human": 0, "suspected": 0, "bot": 0, "preview": 0},
                "precision": None,
                "recall": None,
            },
        ],
    }
