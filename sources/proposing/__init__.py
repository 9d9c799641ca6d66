"""The proposal for params.yaml: what files hold, with its evidence and its questions."""
