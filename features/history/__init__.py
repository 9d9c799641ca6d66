"""The history cut at an as-of date (facts, bases, cohort), and the outcomes after that date."""
