SELECT
    (SELECT uniqExact(id) FROM events WHERE id IN (SELECT id FROM erasing)) AS events,
    (SELECT uniqExact(id) FROM clicks WHERE id IN (SELECT id FROM erasing)) AS clicks
