"""Parameter types of the sections `model` and `monitor` of params.yaml."""

from typing import Literal

from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from core.params import Params

MODEL_ITSELF = "model"  # in accepted_leaks: not a feature but the model as a whole
SHORTEST_REASON = 20  # characters: room for what was known and when


class BoosterParams(Params):
    """Settings of one LightGBM model: those that matter on data of this size."""

    learning_rate: PositiveFloat
    num_leaves: int = Field(ge=2, le=4096)
    min_data_in_leaf: PositiveInt
    feature_fraction: float = Field(gt=0, le=1)
    lambda_l2: NonNegativeFloat
    max_rounds: PositiveInt
    early_stopping_rounds: PositiveInt


class CategoryParams(BoosterParams):
    """Settings of the model of the next categories: LightGBM, and how many pairs it considers."""

    most_popular: PositiveInt
    most_pairs: PositiveInt


class EnsembleParams(BoosterParams):
    """Several LightGBM models, each trained on its own sample of rows; their log odds are averaged.

    The last `random_members` of them try one random split per feature instead of the best one
    (extremely randomised trees: Geurts, Ernst & Wehenkel 2006, Machine Learning 63).
    `linear_weight` is the part that a regression on the same features has in the log odds.
    """

    members: PositiveInt
    random_members: int = Field(ge=0)
    bagging_fraction: float = Field(gt=0, le=1)
    linear_weight: float = Field(default=0.3, ge=0, lt=1)

    @model_validator(mode="after")
    def _one_cuts_where_it_is_best(self) -> "EnsembleParams":
        if self.random_members >= self.members:
            raise ValueError(
                "random_members must be below members: a member that searches for the best cuts "
                "chooses the number of trees"
            )
        return self


class BandParams(Params):
    """Cuts of the risk bands: a churn risk at or above the cut falls in the band."""

    high: float = Field(gt=0, lt=1)
    medium: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> "BandParams":
        if self.medium >= self.high:
            raise ValueError("medium must be below high, or no customer is in the medium band")
        return self


class GateParams(Params):
    """How much data trees need before they get any weight beside the parametric models."""

    min_customers: PositiveInt
    min_churners: PositiveInt


class MonitorParams(Params):
    """Section `monitor`: when drift and realised figures are worth a warning."""

    bins: int = Field(ge=2, le=100)
    psi_moved: PositiveFloat
    psi_drifted: PositiveFloat
    gain_share: float = Field(gt=0, le=1)
    min_outcomes: PositiveInt

    @model_validator(mode="after")
    def _ordered(self) -> "MonitorParams":
        if self.psi_moved >= self.psi_drifted:
            raise ValueError("psi_moved must be below psi_drifted: drifted is further than moved")
        return self


class ModelParams(Params):
    """Section `model`."""

    seed: int = Field(ge=0)
    threads: PositiveInt
    calibration_folds: int = Field(ge=2)
    bootstrap_draws: PositiveInt
    max_reasons: int = Field(ge=1, le=5)
    reasons_share: float = Field(gt=0, le=1)
    search_trials: int = Field(default=0, ge=0)
    max_rows: PositiveInt = 400_000
    excluded_attributes: tuple[str, ...] = ()
    accepted_leaks: dict[str, str] = Field(default_factory=dict)
    replace_champion: Literal["if_not_worse", "always"] = "if_not_worse"
    gates: GateParams
    bands: BandParams
    churn: EnsembleParams
    next_purchase: BoosterParams
    value: BoosterParams
    next_categories: CategoryParams

    @field_validator("accepted_leaks")
    @classmethod
    def _are_reasons(cls, reasons: dict[str, str]) -> dict[str, str]:
        for name, reason in reasons.items():
            if len(reason.strip()) < SHORTEST_REASON:
                raise ValueError(
                    f"give each name a reason of {SHORTEST_REASON} letters or more: that of {name} "
                    "is too short for a person who has to answer for it"
                )
        return {name: reason.strip() for name, reason in reasons.items()}
