"""Effects: past releases, judged once their horizon has closed."""
