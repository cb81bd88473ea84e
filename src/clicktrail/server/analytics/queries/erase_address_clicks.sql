ALTER TABLE address_clicks
DELETE WHERE recipient = {recipient:String}
    OR (position({recipient:String}, '@') > 0 AND lower(recipient) = lower({recipient:String}))
SETTINGS mutations_sync = 1
