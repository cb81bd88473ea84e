SELECT campaign, message_id, at, link, url, verdict, counted
FROM clicks_of_people FINAL
WHERE name = lower({recipient:String}) AND (person = {recipient:String} OR position({recipient:String}, '@') > 0)
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
