-- What was stored before.
INSERT INTO clicks_of_people (name, campaign, hour, id, message_id, at, person, link, url, verdict, counted, version, gone)
SELECT lower(person), campaign, hour, id, message_id, at, person, link, url, verdict, counted, version, gone
FROM clicks
WHERE person != ''
