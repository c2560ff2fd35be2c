"""A seeded synthetic world of mothers and births that knows its own truth. Imports none of the other packages."""
