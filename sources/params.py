"""What params.yaml may say about the source."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Params(BaseModel):
    """Base of every parameter section: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceParams(Params):
    """Section `source`: where raw data comes from and how it maps to the tables."""

    kind: Literal["complete_journey", "cdnow", "files"]
    path: str | None = None
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    derive: dict[str, dict[str, str]] = Field(default_factory=dict)
    drop_repeated_rows: tuple[str, ...] = ()
    timezone: str = "UTC"
    max_quarantined: float = Field(default=0.05, ge=0, le=1)
