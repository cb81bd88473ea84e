-- Those of some clicks that are stored.
SELECT campaign, id
FROM clicks
WHERE (campaign, hour, id) IN
(
    SELECT tupleElement(click_key, 1), toInt32(tupleElement(click_key, 2)), tupleElement(click_key, 3)
    FROM
    (
        SELECT arrayJoin(arrayZip({campaigns:Array(String)}, {hours:Array(String)}, {ids:Array(String)})) AS click_key
    )
)
