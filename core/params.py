"""The base class of every section of params.yaml."""

from pydantic import BaseModel, ConfigDict


class Params(BaseModel):
    """Base of every parameter section: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
