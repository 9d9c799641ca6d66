"""Customers who have lapsed: who comes back without being asked, and what that brings."""
