"""Which main category a card says a customer is likely to leave."""

from serving.cards.card import ScoreCard
from serving.cards.parts import CategoryRisk

LIKELY = 0.5  # from here on it is likelier than not


def likely_left(card: ScoreCard) -> CategoryRisk | None:
    """The main category with the largest risk, where that is likelier than not; else None.

    None too for whoever is likelier to leave altogether: the risk is that of those who stay.
    """
    if (card.churn_risk or 0.0) >= LIKELY:
        return None
    risks = card.category_risks or []
    return risks[0] if risks and risks[0].risk >= LIKELY else None
