"""Shared by every package: errors, files, array types, the parameter base class and the clock."""
