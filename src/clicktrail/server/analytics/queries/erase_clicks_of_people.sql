ALTER TABLE clicks_of_people
DELETE WHERE name = lower({recipient:String}) AND (person = {recipient:String} OR position({recipient:String}, '@') > 0)
SETTINGS mutations_sync = 1
