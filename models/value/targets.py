"""What the parts of a value model learn: the columns of the labels, and from whom."""

from dataclasses import replace

from models.leaving import LAPSE
from models.value.amounts import Target
from models.value.leavers import Horizons

FAR = "far_orders"  # the part that predicts orders over the value horizon
OVER_VALUE = (FAR, "value")
TWEEDIE = {"tweedie_variance_power": 1.2}
ORDERS = Target("orders_in_horizon", "outcome_known", "poisson", "orders", least=1.0)
# A subscription can run through a horizon without a payment in it.
ANY_ORDERS = replace(ORDERS, least=0.0)
SPEND = Target("spend_in_horizon", "outcome_known", "tweedie", "amount", extra=TWEEDIE)
VALUE = Target("value", "value_known", "tweedie", "amount", extra=TWEEDIE)
FAR_ORDERS = Target("orders_in_value_horizon", "value_known", "poisson", "orders")
FAR_ORDERS_OF_ALL = replace(FAR_ORDERS, everyone=True)


def targets_of(horizons: Horizons) -> dict[str, Target]:
    """What each part learns."""
    orders = ORDERS if horizons.churn == LAPSE else ANY_ORDERS
    far = FAR_ORDERS_OF_ALL if horizons.start_from_rhythm else FAR_ORDERS
    return {"orders": orders, FAR: far, "spend": SPEND, "value": VALUE}
