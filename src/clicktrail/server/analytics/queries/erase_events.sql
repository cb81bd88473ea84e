ALTER TABLE events
DELETE WHERE JSONExtractString(line, 'recipient') = {recipient:String}
    OR (position({recipient:String}, '@') > 0
        AND lower(JSONExtractString(line, 'recipient')) = lower({recipient:String}))
SETTINGS mutations_sync = 1
