-- Visits of before had no agents, and the judge compares those with the ones of a message's own clicks.
TRUNCATE TABLE visits
