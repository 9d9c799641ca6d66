"""After publishing: drift, advice whether to retrain, and which models score next."""
