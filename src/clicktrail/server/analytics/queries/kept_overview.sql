SELECT campaign, version, report FROM reports FINAL WHERE NOT whole
