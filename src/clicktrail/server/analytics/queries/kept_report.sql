SELECT campaign, version, counted_by, report FROM reports FINAL WHERE whole AND campaign = {campaign:String}
