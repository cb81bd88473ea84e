-- The verdicts that stand on some clicks, by their keys. hour is floored: negative before 1970.
SELECT id, verdict
FROM clicks FINAL
WHERE (campaign, hour, id) IN
(
    SELECT tupleElement(told, 1), toInt32(tupleElement(told, 2)), tupleElement(told, 3)
    FROM (SELECT arrayJoin(arrayZip({campaigns:Array(String)}, {hours:Array(String)}, {ids:Array(String)})) AS told)
)
SETTINGS do_not_merge_across_partitions_select_final = 1
