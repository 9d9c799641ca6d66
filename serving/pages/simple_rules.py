"""Where a simple rule would have forecast sales better than the models: in words."""

from serving.cards.forecast import PublishedForecast, RelativeError
from serving.wording.languages import Language
from serving.wording.sentences import sentence

OURS = "ours"
RULES, AMOUNTS = ("last_period", "last_year"), ("orders", "spend")
LEVELS = {"in_total": "total_error", "by_segment": "segment_error"}


def compared_with_rules(forecast: PublishedForecast, language: Language) -> list[tuple[str, bool]]:
    """A sentence for each amount, level and rule that past dates judge: what came closer.

    With each, whether the rule did at any date.
    """
    found = []
    for what in AMOUNTS:
        for level, name in LEVELS.items():
            for rule in RULES:
                pairs = _pairs(forecast, what, rule, name)
                if pairs:
                    words = {
                        "what": sentence(f"forecast.{what}", language),
                        "level": sentence(f"simple_rules.{level}", language),
                        "rule": sentence(f"simple_rules.{rule}", language),
                    }
                    found.append(_said(pairs, words, language))
    return found


def _pairs(
    forecast: PublishedForecast, what: str, rule: str, name: str
) -> list[tuple[float, float]]:
    """How far the forecast and the rule were off at each past date that judges both."""
    pairs = []
    for backtest in forecast.backtest:
        errors = backtest.errors.get(what, {})
        both: list[RelativeError | None] = [errors.get(one, {}).get(name) for one in (OURS, rule)]
        if both[0] is not None and both[1] is not None:
            pairs.append((abs(both[0].value), abs(both[1].value)))
    return pairs


def _said(
    pairs: list[tuple[float, float]], words: dict[str, str], language: Language
) -> tuple[str, bool]:
    closer = sum(theirs < ours for ours, theirs in pairs)
    ours, theirs = (sum(pair[place] for pair in pairs) / len(pairs) for place in (0, 1))
    which = "rule" if closer == len(pairs) else "both" if closer else "forecast"
    values = {**words, "closer": closer, "dates": len(pairs), "ours": ours, "theirs": theirs}
    key = f"simple_rules.{which}" if len(pairs) > 1 else f"simple_rules.{which}_once"
    return sentence(key, language, **values), closer > 0
