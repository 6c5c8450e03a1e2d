"""Grades exercises: a learner's own, or the notebooks of a whole class."""
