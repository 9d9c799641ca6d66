"""After publishing: drift, advice whether to retrain, and who takes over from whom."""
