-- Rows of clicks that have a person.
INSERT INTO clicks_by_person
    (person, campaign, hour, id, message_id, at, link, url, link_group, source, ip, user_agent, verdict, counted, signals,
     version, is_deleted)
FORMAT JSONEachRow
