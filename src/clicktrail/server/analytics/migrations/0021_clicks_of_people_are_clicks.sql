-- Whatever is stored in clicks is stored here by the same insert. Anonymous clicks are nobody's.
CREATE MATERIALIZED VIEW IF NOT EXISTS clicks_to_people TO clicks_of_people AS
SELECT
    lower(person) AS name,
    campaign,
    hour,
    id,
    message_id,
    at,
    person,
    link,
    url,
    verdict,
    counted,
    version,
    gone
FROM clicks
WHERE person != ''
