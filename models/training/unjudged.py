"""Models of a history in which no outcome has closed: BG/NBD, which nothing can judge yet."""

from collections.abc import Sequence

import pandas as pd

from features.planning.timeplan import Timeline
from features.snapshot import group_of
from models.bundle import Bundle
from models.churn.explainer import fit_explainer
from models.churn.fitting import parametric_churn
from models.churn.parametric import unjudged_parametric
from models.churn.reasons import Explainer
from models.next_purchase.rhythm import rhythm_models
from models.params import ModelParams
from models.simple.btyd_orders import BtydOrders
from models.training.fitting import horizons_of


def unjudged_bundle(
    now: pd.DataFrame,
    orders: BtydOrders,
    timeline: Timeline,
    features: Sequence[str],
    params: ModelParams,
) -> tuple[Bundle, Explainer]:
    """The models that score the rows of the score date (n,), with the explainer of their reasons.

    Typical values are those of everybody scored, as nobody is known to have stayed.
    """
    parametric = unjudged_parametric(now, orders, timeline.horizon_days, timeline.churn)
    rhythm = rhythm_models(now, orders, horizons_of(timeline))
    groups, churn = group_of(features), timeline.churn
    explainer = fit_explainer(now, features, groups, params.max_reasons, churn=churn)
    return Bundle(parametric_churn(now, features, parametric), None, rhythm), explainer
