-- The words of a Bloom filter with the people, messages and anonymous clicks of a campaign: number and bits of each word.
SELECT toUInt64(intDiv(bit, 64)) AS word, sum(intExp2(bit % 64)) AS bits
FROM
(
    WITH
        reinterpretAsUInt64(substring(digest, 1, 8)) AS first,
        reinterpretAsUInt64(substring(digest, 9, 8)) AS step
    SELECT DISTINCT toUInt32(bitAnd(arrayJoin(
        [first, first + step, first + 2 * step, first + 3 * step, first + 4 * step]), {mask:UInt64})) AS bit
    FROM
    (
        SELECT DISTINCT reinterpretAsFixedString(person_hash) AS digest
        FROM clicks
        WHERE campaign = {campaign:String} AND person != ''
        UNION ALL
        SELECT MD5(concat('click ', id)) AS digest
        FROM clicks
        WHERE campaign = {campaign:String} AND person = ''
        UNION ALL
        SELECT MD5(concat('message ', message_id)) AS digest
        FROM messages
        WHERE campaign = {campaign:String}
    )
)
GROUP BY word
ORDER BY word WITH FILL FROM 0 TO {words:UInt64}
