-- What tells the agents at one address from each other: a number of the User-Agent; 0 where there was none, and of
-- what was recorded before.
ALTER TABLE visits ADD COLUMN IF NOT EXISTS agent UInt32
