"""Columns that fit the contract but may mean something else: totals, statuses, damaged ids."""
