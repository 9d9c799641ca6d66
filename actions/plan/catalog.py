"""The catalogue: which actions exist, what they cost, and what they are assumed to do."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import CatalogError, did_you_mean
from models.customers.segments import AbcClass, LifecycleStage, RfmSegment, RiskBand
from sources.meanings.vocabulary import DO_NOTHING, channel_word
from sources.written.currencies import currency_code

Rate = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Channel = Annotated[Name, AfterValidator(channel_word)]  # spelt as in the tables
Currency = Annotated[str, AfterValidator(currency_code)]
Kind = Literal["retention", "service_recovery"]
# Message keys `why.<name>`: only these have a sentence in every language.
Why = Literal["reminder", "win_back", "appreciation", "personal_contact", "make_good"]


class Entry(BaseModel):
    """Base of every part of the catalogue: unknown keys and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RiskReduction(Entry):
    """Assumed relative reduction of churn risk: 0.10 turns a risk of 0.50 into 0.45."""

    low: Rate
    mid: Rate
    high: Rate

    @model_validator(mode="after")
    def _ordered(self) -> "RiskReduction":
        if not self.low <= self.mid <= self.high:
            raise ValueError("low <= mid <= high must hold")
        return self


class Span(Entry):
    """Bounds of a number of the score card, both included; a bound left out is open."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "Span":
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class OnlyIf(Entry):
    """Conditions on the score card that must all hold: lists of allowed values, or bounds."""

    risk_band: tuple[RiskBand, ...] | None = None
    lifecycle_stage: tuple[LifecycleStage, ...] | None = None
    rfm_segment: tuple[RfmSegment, ...] | None = None
    abc_class: tuple[AbcClass, ...] | None = None
    churn_risk: Span | None = None
    value_at_risk: Span | None = None
    expected_value: Span | None = None
    expected_orders: Span | None = None


class Action(Entry):
    """One thing that can be done for a customer. Money per contact, in the catalogue's currency."""

    id: Name
    channel: Channel
    kind: Kind = "retention"
    contact_cost: Money
    incentive_cost: Money = 0.0
    redeem_rate: Rate = 0.0
    risk_reduction: RiskReduction
    only_if: OnlyIf = OnlyIf()
    why: Why

    @model_validator(mode="after")
    def _consistent(self) -> "Action":
        if self.id == DO_NOTHING:
            raise ValueError(f"{DO_NOTHING} is always a candidate: leave it out of the catalogue")
        if self.incentive_cost > 0 and self.redeem_rate == 0:
            raise ValueError("an incentive_cost needs a redeem_rate above 0, or it would be free")
        return self


class Catalog(Entry):
    """The actions in the order of the file; ids are unique. All money is in `currency`."""

    currency: Currency
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _unique(self) -> "Catalog":
        ids = [action.id for action in self.actions]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"id given twice: {', '.join(twice)}")
        return self

    def channels(self) -> tuple[str, ...]:
        """Channels in use, each once, in the order of the file."""
        return tuple(dict.fromkeys(action.channel for action in self.actions))


PARTS: dict[str, type[Entry]] = {
    "actions": Action,
    "risk_reduction": RiskReduction,
    "only_if": OnlyIf,
}


def load_catalog(path: str | Path) -> Catalog:
    """Read and check `actions.yaml`.

    Raises CatalogError that names the file, every wrong key with the nearest known one, and what
    is wrong with a value.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CatalogError(
            f"{path} does not exist: actions.catalog in params.yaml must name the catalogue."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(content, dict):
        raise CatalogError(f"{path}: the catalogue is a mapping with the key actions (a list).")
    try:
        return Catalog.model_validate(content)
    except ValidationError as error:
        lines = [_explain(problem, content) for problem in error.errors()]
        raise CatalogError(f"{path}: " + "; ".join(lines) + ".") from None


def _explain(problem: Any, content: dict[str, Any]) -> str:
    """One problem as `where: what`, with the nearest known key for an unknown one."""
    location = problem["loc"]
    where = _where(location, content)
    if location == ("currency",) and problem["type"] == "missing":
        return "currency is missing: name the currency of all costs, for example currency: EUR"
    if problem["type"] != "extra_forbidden":
        given = "" if isinstance(problem["input"], dict | list) else f" (given: {problem['input']})"
        missing = problem["type"] == "missing"
        return f"{where}: " + ("is missing" if missing else problem["msg"] + given)
    known = list(_model_at(location[:-1]).model_fields)
    hint = did_you_mean(str(location[-1]), known)
    return f"{where} is unknown.{hint} Known keys: {', '.join(known)}"


def _where(location: tuple[Any, ...], content: dict[str, Any]) -> str:
    """`actions.2.why` as `actions[2] (thank_you_letter).why`."""
    text, node = "", content
    for part in location:
        node = node[part] if _has(node, part) else {}
        if isinstance(part, int):
            name = f" ({node['id']})" if isinstance(node, dict) and "id" in node else ""
            text += f"[{part}]{name}"
        else:
            text += f".{part}" if text else str(part)
    return text or "catalogue"


def _has(node: Any, part: Any) -> bool:
    if isinstance(node, dict):
        return part in node
    return isinstance(node, list) and isinstance(part, int) and part < len(node)


def _model_at(location: tuple[Any, ...]) -> type[BaseModel]:
    """The model whose keys are allowed at a location of the catalogue."""
    names = [part for part in location if isinstance(part, str)]
    return PARTS.get(names[-1], Span) if names else Catalog
