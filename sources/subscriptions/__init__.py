"""Contracts, the periods and payments they imply, and late renewals."""
