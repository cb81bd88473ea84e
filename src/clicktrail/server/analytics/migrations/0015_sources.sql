-- Who told of a click. Before there was this column nobody but we did. Anonymous clicks tell nothing.
ALTER TABLE clicks ADD COLUMN IF NOT EXISTS source LowCardinality(String)
    DEFAULT if(message_id = '', '', 'clicktrail') AFTER link_group
