-- What a report was counted by: another version of clicktrail may count otherwise, or more.
ALTER TABLE reports ADD COLUMN IF NOT EXISTS counted_by UInt32
