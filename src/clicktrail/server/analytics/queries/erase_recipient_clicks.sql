ALTER TABLE recipient_clicks
DELETE WHERE person_lower = lower({recipient:String})
    AND (person = {recipient:String} OR position({recipient:String}, '@') > 0)
SETTINGS mutations_sync = 1
