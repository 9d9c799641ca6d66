"""The data usability report: what the data holds, what is missing, and what that costs."""

from features.usability.report import usability_report

__all__ = ["usability_report"]
