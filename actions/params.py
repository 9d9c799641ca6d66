"""Parameter types of the section `actions` of params.yaml."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from core.params import Params
from sources.meanings.vocabulary import channel_word


class ActionParams(Params):
    """Section `actions`: money in the currency of the data, time in days."""

    catalog: str
    margin_rate: float | None = Field(default=None, gt=0, le=1)
    budget: NonNegativeFloat = Field(allow_inf_nan=False)
    capacities: dict[Annotated[str, AfterValidator(channel_word)], NonNegativeInt] = Field(
        default_factory=dict
    )
    max_contacts: PositiveInt
    max_contacts_days: PositiveInt
    quiet_days: NonNegativeInt
    consent_when_unknown: Literal["allow", "block"]
    holdout_share: float = Field(ge=0, lt=1)
    holdout_epoch: str = "auto"
    holdout_salt: str
