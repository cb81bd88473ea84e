SELECT campaign, version, report FROM reports FINAL WHERE whole AND campaign = {campaign:String}
