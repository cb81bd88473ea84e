-- The current verdicts on the clicks with some keys: those without a person, which are not in clicks_by_person.
SELECT id, verdict
FROM clicks FINAL
WHERE (campaign, hour, id) IN
(
    SELECT tupleElement(click_key, 1), toInt32(tupleElement(click_key, 2)), tupleElement(click_key, 3)
    FROM
    (
        SELECT arrayJoin(arrayZip({campaigns:Array(String)}, {hours:Array(String)}, {ids:Array(String)})) AS click_key
    )
)
SETTINGS do_not_merge_across_partitions_select_final = 1
