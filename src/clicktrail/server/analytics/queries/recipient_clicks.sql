SELECT campaign, message_id, at, link, url, verdict, counted
FROM clicks_by_person FINAL
WHERE person = {recipient:String}
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
