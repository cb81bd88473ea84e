ALTER TABLE person_clicks
DELETE WHERE person = {recipient:String}
SETTINGS mutations_sync = 1
