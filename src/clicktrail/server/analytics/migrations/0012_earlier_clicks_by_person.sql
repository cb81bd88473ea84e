-- The index of what was stored before there was one. It is made while the engine works.
ALTER TABLE clicks MATERIALIZE INDEX by_person
