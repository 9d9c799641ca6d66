"""Who may ask for what: API keys, users, their sessions, and the log of what they did."""
