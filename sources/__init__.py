"""Where raw data comes from, and the contract its tables keep."""
