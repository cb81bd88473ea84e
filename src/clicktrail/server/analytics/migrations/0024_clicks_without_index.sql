-- What it was for is asked of clicks_of_people.
ALTER TABLE clicks DROP INDEX IF EXISTS by_person
