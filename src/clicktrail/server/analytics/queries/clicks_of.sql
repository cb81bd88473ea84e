-- A person's clicks, of which only those granules are read that the index by_person does not rule out.
SELECT campaign, message_id, at, link, url, verdict, counted
FROM clicks FINAL
WHERE (campaign, hour, id) IN
(
    SELECT campaign, hour, id
    FROM clicks
    WHERE lower(person) = lower({recipient:String})
        AND (person = {recipient:String} OR position({recipient:String}, '@') > 0)
)
ORDER BY at, id
SETTINGS date_time_output_format = 'iso', do_not_merge_across_partitions_select_final = 1
