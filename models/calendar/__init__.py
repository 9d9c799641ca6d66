"""The company's own calendar: how much more or less its customers buy on which days."""
