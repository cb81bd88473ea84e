SELECT max(version) AS version FROM messages
