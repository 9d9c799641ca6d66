"""The data usability report: what the data holds, what is missing, and what that costs."""
