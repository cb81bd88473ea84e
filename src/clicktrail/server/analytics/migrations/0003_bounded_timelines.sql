-- Find a message's first clicks, and the engagements of a click, without reading all lines of the message.
-- click_id: the click that an engagement or a conversion belongs to; empty for other events.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS type LowCardinality(String) DEFAULT JSONExtractString(line, 'type'),
    ADD COLUMN IF NOT EXISTS click_id String DEFAULT JSONExtractString(line, 'click_id');
