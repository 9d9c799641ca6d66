"""What a customer did, cut at an as-of date: facts, bases, the cohort, and outcomes after it."""
