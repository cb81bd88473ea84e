SELECT campaign, message_id, at, link, url, verdict, counted
FROM person_clicks FINAL
WHERE person = {recipient:String}
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
