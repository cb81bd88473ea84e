-- Email addresses are compared without case, other recipient ids exactly.
SELECT campaign, message_id, at, link, url, verdict, counted
FROM recipient_clicks FINAL
WHERE person_lower = lower({recipient:String})
    AND (person = {recipient:String} OR position({recipient:String}, '@') > 0)
ORDER BY at, id
SETTINGS date_time_output_format = 'iso'
