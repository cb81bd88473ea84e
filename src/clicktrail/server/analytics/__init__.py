"""Analytics on chDB: the tables of judged events, and the reports that are counted from them."""
