SELECT count() AS parts FROM system.parts
WHERE database = currentDatabase() AND NOT active AND has({tables:Array(String)}, table)
