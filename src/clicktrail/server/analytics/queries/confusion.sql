-- How often each truth met each verdict; where no click of that id is stored the verdict is empty.
SELECT truth, verdict, count() AS clicks
FROM (SELECT click_id, truth FROM labels FINAL) AS told
LEFT JOIN
(
    SELECT id, toString(verdict) AS verdict
    FROM clicks FINAL
    WHERE id IN (SELECT click_id FROM labels) AND message_id != ''
) AS judged ON told.click_id = judged.id
GROUP BY truth, verdict
SETTINGS do_not_merge_across_partitions_select_final = 1
