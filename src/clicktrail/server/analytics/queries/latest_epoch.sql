SELECT max(first_version) AS first_version FROM epochs
