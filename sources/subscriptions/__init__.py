"""Contracts, their periods and payments, and renewals that come late."""
