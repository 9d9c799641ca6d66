"""The effect report of any company's own randomised test: `python -m actions.report FILE`."""
