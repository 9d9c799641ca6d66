"""Parameter types of the section `actions` of params.yaml."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from core.params import NonNegativeDays, Params, PositiveDays
from sources.meanings.vocabulary import channel_word


class ActionParams(Params):
    """Section `actions`: money in the currency of the data, time in days."""

    catalog: str
    margin_rate: float | None = Field(default=None, gt=0, le=1)
    budget: NonNegativeFloat
    capacities: dict[Annotated[str, AfterValidator(channel_word)], NonNegativeInt] = Field(
        default_factory=dict
    )
    owner_capacity: NonNegativeInt | None = None
    max_contacts: PositiveInt
    max_contacts_days: PositiveDays
    max_contacts_by_channel: dict[Annotated[str, AfterValidator(channel_word)], PositiveInt] = (
        Field(default_factory=dict)
    )
    quiet_days: NonNegativeDays
    consent_when_unknown: Literal["allow", "block"]
    effect_confidence: float = Field(default=0.6, gt=0.5, lt=1)
    effect_window_days: tuple[NonNegativeDays, PositiveDays] | Literal["auto"] = "auto"
    persistent_control: float = Field(default=0.05, ge=0, lt=1)
    control_draw: StrictStr | StrictInt | StrictFloat = 1
    holdout_share: Annotated[float, Field(ge=0, lt=1)] | Literal["auto"] = "auto"
    exploration_share: float = Field(default=0.02, ge=0, le=0.5)
    holdout_salt: str

    @model_validator(mode="before")
    @classmethod
    def _without_epoch(cls, given: Any) -> Any:
        """Say what took the place of a key that is gone."""
        if isinstance(given, dict) and "holdout_epoch" in given:
            raise ValueError(
                "holdout_epoch is gone: an arm is drawn anew for each customer and plan, and a "
                "persistent control keeps its arm over all plans. Put these lines in its place: "
                "'persistent_control: 0.05' and 'control_draw: 1'; another control_draw draws the "
                "persistent control anew."
            )
        return given

    @field_validator("effect_window_days")
    @classmethod
    def _opens_before_it_closes(
        cls, window: tuple[int, int] | Literal["auto"]
    ) -> tuple[int, int] | Literal["auto"]:
        if window != "auto" and window[0] >= window[1]:
            raise ValueError("the first day must be before the last, such as [30, 90]")
        return window
