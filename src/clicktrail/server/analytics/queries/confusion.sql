-- Labels by truth and verdict. The verdict is empty for a label whose click is not stored.
SELECT truth, verdict, count() AS clicks
FROM (SELECT click_id, truth FROM labels FINAL) AS labelled
LEFT JOIN
(
    SELECT id, toString(verdict) AS verdict
    FROM clicks FINAL
    WHERE id IN (SELECT click_id FROM labels) AND message_id != ''
) AS judged ON labelled.click_id = judged.id
GROUP BY truth, verdict
SETTINGS do_not_merge_across_partitions_select_final = 1
