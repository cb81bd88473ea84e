INSERT INTO migrations SELECT {name:String}
