"""Small data: our whole road beside simple models on real sources cut to few customers and days.

Nothing here but `ours.py` imports the packages of this project: the cells, the other models and the
judgement stand on numpy, pandas, scipy and scikit-learn alone.
"""
