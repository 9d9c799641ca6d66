"""Work on parts as workers do it: nothing but bytes comes and goes, and each part is done twice."""

import pickle


def elsewhere(task, items, /):
    """An `Each` (core/each.py): what could not be sent to another process fails here."""
    sent = pickle.dumps(task)
    for item in map(pickle.dumps, items):
        said = [pickle.dumps(pickle.loads(sent)(pickle.loads(item))) for _ in range(2)]
        yield pickle.loads(said[-1])
