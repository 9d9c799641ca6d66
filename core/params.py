"""The base class of everything that is set in a file of YAML, such as a section of params.yaml."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

TOO_LARGE = 1e15  # no amount or count is so large, and a float has no room for cents there
MOST_DAYS = 36_500  # a hundred years: a date so far away can still be written
NonNegativeDays = Annotated[int, Field(ge=0, le=MOST_DAYS)]
PositiveDays = Annotated[int, Field(gt=0, le=MOST_DAYS)]
Place = tuple[str | int, ...]
NO_NUMBER = PydanticCustomError(
    "yes_or_no",
    "Input should be a number: write one (YAML reads the words yes, no, on, off, true and false as "
    "yes or no)",
)
OVERFLOW = PydanticCustomError(
    "too_large",
    "Input should be below {most}: write what is meant (for no limit, a number that nothing "
    "reaches)",
    {"most": f"{TOO_LARGE:,.0f}"},
)


class Params(BaseModel):
    """Base of every parameter section and of the catalogue: what is unknown is refused.

    Values never change. Numbers are finite and below TOO_LARGE, and never yes or no: a switch is a
    field of type bool.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="wrap")
    @classmethod
    def _are_numbers(
        cls, given: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        """Refuse what Python would take for a number or a sum and nobody means as one."""
        kinds = {*_kinds(cls.model_fields[str(info.field_name)].annotation)}
        # Where any text will do (control_draw), a number is no more than its digits.
        if kinds.isdisjoint({int, float}) or str in kinds:
            return read(given)
        if bool not in kinds:
            _refuse(NO_NUMBER, [one for one in _within(given) if isinstance(one[1], bool)])
        _refuse(OVERFLOW, _too_large(given))
        value = read(given)
        _refuse(OVERFLOW, _too_large(value))  # to YAML 1e300 is text, and becomes a number here
        return value


def _too_large(value: Any) -> list[tuple[Place, Any]]:
    numbers = [one for one in _within(value) if isinstance(one[1], int | float)]
    return [(at, number) for at, number in numbers if number >= TOO_LARGE]


def _refuse(problem: PydanticCustomError, found: list[tuple[Place, Any]]) -> None:
    """Raise ValidationError for each value that was found, at its own place."""
    if found:
        raise ValidationError.from_exception_data(
            "number", [InitErrorDetails(type=problem, loc=at, input=value) for at, value in found]
        )


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that the values of a field may have, within its lists and mappings too."""
    inner = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        inner = inner[:1]
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        inner = inner[1:]
    if not inner:
        yield annotation
    for one in inner:
        yield from _kinds(one)


def _within(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """What a value is, or holds in lists and mappings, each with its place."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _within(one, (*at, key))
    elif isinstance(value, list | tuple):
        for place, one in enumerate(value):
            yield from _within(one, (*at, place))
    else:
        yield at, value
