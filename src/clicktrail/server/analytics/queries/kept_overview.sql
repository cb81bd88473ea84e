SELECT campaign, version, counted_by, report FROM reports FINAL WHERE NOT whole
