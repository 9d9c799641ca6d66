"""The user's own database: its address, its queries, and what was read, as files."""
