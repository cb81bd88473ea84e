-- Ids of a recipient's events and clicks. The statements that delete them name the table of ids: ClickHouse keeps the
-- text of such statements in files.
INSERT INTO erasing
SELECT id FROM events
WHERE JSONExtractString(line, 'recipient') = {recipient:String}
    OR ({is_address:Bool} AND match(line, {pattern:String}))
UNION DISTINCT
SELECT id FROM clicks
WHERE person = {recipient:String}
    OR ({is_address:Bool} AND match(concat(person, '\n', message_id, '\n', url), {pattern:String}))
UNION DISTINCT
SELECT click_id FROM verdict_changes
WHERE person = {recipient:String}
    OR ({is_address:Bool} AND match(concat(person, '\n', message_id), {pattern:String}))
UNION DISTINCT
SELECT id FROM address_clicks
WHERE recipient = {recipient:String}
    OR ({is_address:Bool} AND match(concat(recipient, '\n', message_id), {pattern:String}))
