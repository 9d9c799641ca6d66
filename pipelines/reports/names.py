"""Names of models in tables for people."""

NAMES = {
    "ours": "**Regulars**",
    "tenure_rule": "tenure rule",
    "recency_rule": "recency rule",
    "own_rhythm_rule": "own-rhythm rule",
    "rfm_logistic": "RFM logistic",
    "bg_nbd": "BG/NBD",
    "single_column": "best single column",
    "logistic_columns": "logistic regression",
    "kaplan_meier": "Kaplan-Meier by segment",
    "bg_nbd_gamma_gamma": "BG/NBD and Gamma-Gamma",
    "average_formula": "average order × orders a day × days",
    "own_frequent": "own most frequent categories",
    "popularity": "global popularity",
    "rhythm": "purchase rhythm alone",
    "silence": "shortest silence first",
    "by_silence": "silence over the category's usual gap",
    "next_categories": "1 less the probability of the next categories",
}
