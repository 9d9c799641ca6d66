"""Cards of a company in one part, made as stage `score` makes those of each part."""

import pandas as pd

from models.cards.beside import beside_others
from models.cards.scored import cards_of, ranks, tell
from models.customers.segments import segments


def score_cards(snapshot, purchases, models, plan, params, earlier=None):
    """Cards of everybody, without categories, and without the relationship unless compared.

    `earlier` are the rows of the date since when a relationship is told to have changed.
    """
    told = tell(snapshot, models, plan, params.bands)
    if earlier is not None:
        beside = beside_others(snapshot, earlier, plan)
    elif models[0].knows_purchases:
        beside = segments(snapshot)
    else:
        beside = pd.DataFrame(index=snapshot.index)
    stages = beside[[name for name in beside if name == "lifecycle_stage"]]
    beside = beside.join(ranks(told.join(stages), params.reasons_share))
    return cards_of(told, beside, snapshot, purchases, models, plan)
