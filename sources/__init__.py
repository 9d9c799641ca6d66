"""Where raw data comes from, and the contract that its tables have to keep."""
