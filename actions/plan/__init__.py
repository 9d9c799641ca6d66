"""The plan: which action for whom, within gates, budget and capacities, and who is held out."""
