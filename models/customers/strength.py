"""Strength of a relationship, 0 to 100, and whether it has weakened more than is usual.

It is the mean of four scores that a manager can follow (docs/segments.md explains them with
numbers): regularity, breadth, engagement and satisfaction. Scores for which there is no data are
left out, never guessed. A relationship starts at the second purchase: before it there is no
strength.
"""

import numpy as np
import pandas as pd

from core.order import places_among
from models.customers.segments import longest_window

COMPONENTS = ("regularity", "breadth", "engagement", "satisfaction")
# days that count as recent, and between two compared dates, so that the days do not overlap
RECENT_DAYS = 90
STARTS_AT = 2  # purchases
CHANCE = 0.5  # evenness of the gaps between purchases at random times
AT_OWN_PACE = 2.0  # purchases added on both sides, so that a rare buyer's silence counts for little
# of a satisfaction score: its top, then its lowest and highest value
SCALES = {5.0: (1.0, 5.0), 10.0: (1.0, 10.0), 100.0: (0.0, 100.0)}
# A change is a decline beyond this many standard deviations of the cohort's changes and this many
# points: two deviations are 2.3 % of a normal curve, ten points a tenth of the scale.
DEVIATIONS, POINTS = 2.0, 10.0
# from a median absolute deviation to the standard deviation of a normal curve
MAD_TO_DEVIATION = 1.4826
FEWEST_CHANGES = 30  # with fewer, nobody knows what a usual change is


def strength(snapshot: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Columns relationship_strength, relationship_strength_change, relationship_declined.

    `snapshot` and `earlier` hold one row per customer, each of one as-of date; the result has the
    index of `snapshot`. The change compares the scores known at both dates, so that the answer to a
    first survey is no change. It is unknown for customers who were not in the earlier cohort.
    `relationship_declined` is 1, 0 or unknown.
    """
    top = csat_top(snapshot)
    now = components(snapshot, top)
    # The row after the last, of nothing known, is for who was not in the earlier cohort.
    then = components(earlier, top).reset_index(drop=True).reindex(range(len(earlier) + 1))
    place = places_among(snapshot["customer_id"], earlier["customer_id"])
    then = then.iloc[place].set_axis(snapshot.index)
    change = (now - then).mean(axis=1)
    return pd.DataFrame(
        {
            "relationship_strength": now.mean(axis=1),
            "relationship_strength_change": change,
            "relationship_declined": declined(change),
        }
    )


def components(snapshot: pd.DataFrame, top: float) -> pd.DataFrame:
    """The four scores, 0 to 100, unknown where there is no data; same index.

    `top` is the best possible satisfaction score (`csat_top`).
    """
    scores = pd.DataFrame(
        {
            "regularity": regularity(snapshot),
            "breadth": breadth(snapshot),
            "engagement": engagement(snapshot),
            "satisfaction": satisfaction(snapshot, top),
        }
    )
    return scores.where(snapshot["orders_total"] >= STARTS_AT)


def declined(change: "pd.Series[float]") -> "pd.Series[float]":
    """1 where the change is a decline, 0 where it is not, unknown where the change is unknown.

    A decline is a fall by POINTS or more that also lies DEVIATIONS robust standard deviations below
    the median change (the median absolute deviation scaled to a normal curve; Hampel 1974, "The
    Influence Curve and Its Role in Robust Estimation"). So a fall that all customers share, as
    after Christmas, is nobody's decline.
    """
    if change.count() < FEWEST_CHANGES:
        return pd.Series(np.nan, index=change.index)
    usual = change.median()
    deviation = MAD_TO_DEVIATION * (change - usual).abs().median()
    is_decline = (change <= -POINTS) & (change <= usual - DEVIATIONS * deviation)
    return is_decline.astype("float64").where(change.notna())


def regularity(snapshot: pd.DataFrame) -> "pd.Series[float]":
    """Mean of evenness (of the gaps) and pace (recent purchases against the usual rate), times 100.

    Evenness is k / (1 + k), where k = 1 / gap_variation² is the shape of gamma-distributed gaps
    (Platzer & Reutterer 2016, "Ticking Away the Moments", Marketing Science 35(5)): 1 is clockwork,
    0.5 is chance, which is also assumed where fewer than three purchase days leave it unknown. Pace
    is recent purchases over those expected in as many days at the customer's own rate, AT_OWN_PACE
    added to both (the mean of a gamma distribution of mean 1 after Poisson purchases), at most 1.
    """
    lately = longest_window(snapshot, "orders", RECENT_DAYS)
    evenness = (1.0 / (1.0 + snapshot["gap_variation"] ** 2)).fillna(CHANCE)
    if lately is None:
        return 100.0 * evenness
    days = snapshot["tenure_days"].clip(upper=_days(lately))
    promised = snapshot["orders_total"] / snapshot["tenure_days"] * days
    pace = ((lately + AT_OWN_PACE) / (promised + AT_OWN_PACE)).clip(upper=1.0)
    return 50.0 * (evenness + pace)


def breadth(snapshot: pd.DataFrame) -> "pd.Series[float]":
    """Percentile in the cohort by the number of categories bought recently; ties count half."""
    lately = longest_window(snapshot, "categories", RECENT_DAYS)
    return _unknown(snapshot) if lately is None else percentile(lately)


def engagement(snapshot: pd.DataFrame) -> "pd.Series[float]":
    """As `breadth`, for the sum of recent visits, opened e-mails and clicks.

    Where all customers are equal, as when nobody did any of these, it is unknown: the data does not
    record it.
    """
    families = ("visits", "email_opens", "email_clicks")
    found = [longest_window(snapshot, name, RECENT_DAYS) for name in families]
    there = [lately for lately in found if lately is not None]
    return percentile(sum(there, start=pd.Series(0.0, index=snapshot.index)))


def satisfaction(snapshot: pd.DataFrame, top: float) -> "pd.Series[float]":
    """Mean of what the customer told us, 0 to 100; unknown where the customer told us nothing.

    That is the last recommendation score (NPS, times 10), the mean satisfaction with closed
    tickets, the satisfaction in the last survey, and 0 for an open complaint.
    """
    low, high = SCALES[top]
    answers = pd.DataFrame(index=snapshot.index)
    if "nps_last" in snapshot:
        answers["nps"] = 10.0 * snapshot["nps_last"]
    for name in ("csat_mean", "survey_csat_last"):
        if name in snapshot:
            answers[name] = (100.0 * (snapshot[name] - low) / (high - low)).clip(0.0, 100.0)
    if "complaints_open" in snapshot:
        answers["complaint"] = snapshot["complaints_open"].gt(0).map({True: 0.0, False: np.nan})
    return answers.mean(axis=1) if len(answers.columns) else _unknown(snapshot)


def csat_top(snapshot: pd.DataFrame) -> float:
    """The top of the satisfaction scale: 5, 10 or 100, by the highest score given in the cohort."""
    given = [snapshot[name].max() for name in ("csat_mean", "survey_csat_last") if name in snapshot]
    highest = max((score for score in given if score == score), default=0.0)
    return next((top for top in SCALES if highest <= top), max(SCALES))


def percentile(values: "pd.Series[float]") -> "pd.Series[float]":
    """Share of the known values that are lower, ties counted half, times 100; (n,) in [0, 100].

    Where all values are equal it is unknown for everyone, as it distinguishes nobody.
    """
    if values.nunique() < 2:
        return values * np.nan
    return (values.rank(method="average") - 0.5) / values.count() * 100.0


def _days(lately: "pd.Series[float]") -> int:
    return int(str(lately.name).rpartition("_")[2].removesuffix("d"))


def _unknown(snapshot: pd.DataFrame) -> "pd.Series[float]":
    return pd.Series(np.nan, index=snapshot.index)
