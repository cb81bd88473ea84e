-- By which links of a campaign are counted as one; empty for a link that stands for itself.
ALTER TABLE clicks ADD COLUMN IF NOT EXISTS link_group String DEFAULT '' AFTER url
