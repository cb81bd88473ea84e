ALTER TABLE verdict_changes
DELETE WHERE person = {recipient:String}
    OR (position({recipient:String}, '@') > 0 AND lower(person) = lower({recipient:String}))
SETTINGS mutations_sync = 1
