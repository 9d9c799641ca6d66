"""Columns that fit the contract and may mean something else: totals, statuses, damaged ids."""
