"""The value horizon: the days over which value is learned, and those it is predicted for."""

from typing import NamedTuple

from core.errors import TimelineError
from features.params import Auto, Churn
from features.planning.timeplan import Split
from features.timeline import is_closed, last_closed

VALUE_HORIZONS = (365, 180, 90, 60)
MOST_DAYS = 1_095  # to which values are extrapolated: beyond three years it is a slip of the pen
MIN_TRAIN = 3  # as-of dates without which nothing is learned


class ValueSplit(NamedTuple):
    """Values are predicted over `predicted` days and learned over `learned` days.

    The latter are fewer where no outcome of the former closes.

    `why` is empty where params.yaml is followed to the letter.
    """

    predicted: int
    learned: int
    train: tuple[int, ...]
    test: tuple[int, ...]
    why: str

    @property
    def extrapolated_from(self) -> int | None:
        """The days learned, where values are predicted for longer than that."""
        return self.learned if self.learned < self.predicted else None


def split_value(
    wanted: int | Auto, horizon: int, split: Split, data_until: int, churn: Churn = "lapse"
) -> ValueSplit:
    """Learn over the wanted value horizon where its outcomes close, else over the longest that do.

    They close when MIN_TRAIN training dates do before a value test date, and one training date of
    the split before its validation. Where no longer window than the horizon closes it is the
    horizon. Raises TimelineError for a value horizon shorter than that, and for one that would have
    to be extrapolated and cannot: of a cancellation, as the rhythm of payments says nothing of the
    end of a subscription, or over more than MOST_DAYS.
    """
    refuse_shorter(wanted, horizon)
    if wanted == "auto":
        tried = [days for days in VALUE_HORIZONS if days > horizon]
    else:
        tried = [wanted, *(days for days in VALUE_HORIZONS if days < wanted)]
    dates = sorted({*split.train, *split.validation, *split.test, *split.unused})
    if split.test and set(split.test) <= set(
        split.train
    ):  # other customers judge: on the one date there is
        tried = []
    for days in (days for days in tried if days > horizon):
        closed = [d for d in dates if is_closed(d, days, data_until)]
        test = tuple(closed[-1:])
        train = tuple(d for d in dates if test and d <= last_closed(days, test[0]))
        if len(train) >= MIN_TRAIN and is_closed(
            split.train[0], days, (*split.validation, *split.test)[0]
        ):
            why = (
                f"the longest whose outcomes close for {len(train)} training dates and a test date"
            )
            _check(wanted, days, churn)
            return _split_with_reason(wanted, days, (train, test), why)
    _check(wanted, horizon, churn)
    why = "no longer one closes within the history: the horizon"
    return _split_with_reason(wanted, horizon, (split.train, split.test), why)


def refuse_shorter(wanted: int | Auto, horizon: int) -> None:
    """Raise TimelineError for a value horizon that is shorter than the horizon of churn."""
    if wanted != "auto" and wanted < horizon:
        raise TimelineError(
            f"task.value_horizon_days ({wanted}) is shorter than the horizon ({horizon}): a value "
            "covers at least the time in which a customer is lost. Set it to auto or to "
            f"{horizon} or more, or shorten task.horizon_days."
        )


def _check(wanted: int | Auto, learned: int, churn: Churn) -> None:
    if wanted == "auto" or wanted <= learned or (churn == "lapse" and wanted <= MOST_DAYS):
        return
    why = (
        f"values are extrapolated to {MOST_DAYS} days at most"
        if churn == "lapse"
        else "the rhythm of payments does not say when a subscription ends, so values of a "
        "cancellation are not extrapolated"
    )
    raise TimelineError(
        f"task.value_horizon_days {wanted}: outcomes close for {learned} days only, and {why}. Set "
        "it to auto or shorten it."
    )


def _split_with_reason(
    wanted: int | Auto, learned: int, dates: tuple[tuple[int, ...], tuple[int, ...]], why: str
) -> ValueSplit:
    if wanted == "auto":
        return ValueSplit(learned, learned, *dates, why)
    if wanted == learned:
        return ValueSplit(wanted, learned, *dates, "")
    carried = (
        f"as asked, though outcomes close for {learned} days only: values are learned over these "
        "and extrapolated from there, which nothing has judged"
    )
    return ValueSplit(wanted, learned, *dates, carried)
