"""Reads params.yaml into typed models: the only place that does."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ValidationError, model_validator

from actions.params import ActionParams
from core import own_code
from core.errors import ParamsError, did_you_mean
from core.params import Params
from features.params import ExtensionParams, TaskParams, TimelineParams
from models.params import ModelParams, MonitorParams
from sources.contract import READY
from sources.params import SourceParams

FILE = Path("params.yaml")
TYPES = ("str", "int", "float", "date")  # as pydantic calls members of a union


class AllParams(Params):
    """The whole of params.yaml."""

    source: SourceParams
    extensions: ExtensionParams = ExtensionParams()
    engine: Literal["duckdb", "spark", "sail"]
    task: TaskParams
    timeline: TimelineParams
    model: ModelParams
    monitor: MonitorParams
    actions: ActionParams

    @model_validator(mode="after")
    def _excluded_are_listed(self) -> "AllParams":
        if self.source.kind == READY:  # its columns are known once it has been read
            return self
        listed = self.source.static_attributes
        strange = [name for name in self.model.excluded_attributes if name not in listed]
        if strange:
            raise ValueError(
                f"model.excluded_attributes names {', '.join(strange)}, which source."
                "static_attributes does not: list it there too, so that its groups are judged "
                "although nothing is learned from it"
            )
        return self


def load_params(path: Path = FILE) -> AllParams:
    """Read and check params.yaml. Raises ParamsError naming each wrong key, and what to do.

    From then on the folder that it names is the one whose code this process may run.
    """
    params = _checked(path)
    own_code.install(params.extensions.folder)
    return params


def _checked(path: Path) -> AllParams:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"There is no {path} here: run the command from the project's folder."
        ) from None
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from None
    except ValueError as error:  # it looks like a date and is none: 2017-13-40
        raise ParamsError(f"{path} holds a date that does not exist: {error}.") from None
    if isinstance(content, dict) and (dates := [*_dates(content)]):
        raise ParamsError(
            f"{path}: "
            + ", ".join(f'{key} holds {day}, write "{day}"' for key, day in dates)
            + ". Dates stand in quotes: DVC cannot keep a date of YAML."
        )
    if not isinstance(content, dict):
        sections = ", ".join(AllParams.model_fields)
        raise ParamsError(f"{path} holds no parameters: its sections are {sections}.")
    try:
        return AllParams.model_validate(content)
    except ValidationError as errors:
        reasons_by_problem: dict[str, list[str]] = {}
        # A misspelt key is reported twice, as unknown and as missing: unknown first, as it has the
        # cure.
        found = sorted(errors.errors(include_url=False), key=lambda e: e["type"] == "missing")
        bare = dict(_bare_words(yaml.compose(path.read_text(encoding="utf-8"))))
        for problem in found:
            what, why = _bare_word(problem, bare) or _explain(problem)
            reasons_by_problem.setdefault(what, []).append(why)
        # A value that fits neither of two types is one mistake, not two.
        problems = [
            what + " or ".join(dict.fromkeys(why)) for what, why in reasons_by_problem.items()
        ]
        # No semicolon after a question mark.
        raise ParamsError(f"{path}: " + "; ".join(problems).replace("?; ", "? ")) from None


def _dates(content: Any, key: str = "") -> Iterator[tuple[str, date]]:
    """The values that YAML has read as dates, with their keys."""
    if isinstance(content, date):
        yield key, content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from _dates(value, f"{key}.{name}" if key else str(name))
    elif isinstance(content, list):
        for value in content:
            yield from _dates(value, key)


def _bare_words(node: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Words that YAML reads as something other than text (No, On, 12, null), as they are written.

    Keyed by the key that holds them; words that are keys themselves by `key.[word]`.
    """
    if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:str":
        yield key, str(node.value)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _bare_words(name, f"{key}.[{name.value}]")
            yield from _bare_words(value, f"{key}.{name.value}" if key else str(name.value))
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield from _bare_words(value, f"{key}.{place}")


def _bare_word(problem: Any, bare: Mapping[str, str]) -> tuple[str, str] | None:
    """What to do about text that YAML did not read as text; None for other problems."""
    if problem["type"] != "string_type" or problem["input"] is None:
        return None
    parts = [str(part) for part in problem["loc"]]
    key = ".".join(parts)
    if parts[-1] == "[key]":
        key = ".".join(parts[:-2])
        words = [word for at, word in bare.items() if at == f"{key}.[{word}]"]
    else:
        words = [bare[key]] if key in bare else []
    quoted = " and ".join(f'"{word}"' for word in dict.fromkeys(words) if word)
    if not quoted:
        return None
    # To a dictionary True equals 1: only a bool is yes or no.
    is_yes = isinstance(problem["input"], bool)
    read = ("yes" if problem["input"] else "no") if is_yes else f"{problem['input']!r}, no text"
    return f"{key}: write {quoted} in quotes, for without them YAML reads {read}", ""


def _explain(problem: Any) -> tuple[str, str]:
    """What is wrong, with its key, and why or what to do."""
    # pydantic puts the names of union members into the location: only keys of the file are shown.
    parts = [str(part) for part in problem["loc"] if not _is_type_name(str(part))]
    key = ".".join(parts)
    if problem["type"] == "extra_forbidden":
        known = _known_keys(parts[:-1])
        hint = did_you_mean(parts[-1], known) or f" Known here: {', '.join(sorted(known))}."
        return f"{key} is not a parameter.", hint
    if problem["type"] == "missing":
        return f"{key} is missing", ""
    if problem["type"] == "value_error":
        return f"{key}: " if key else "", problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "model_type":
        return f"{key} is {problem['input']!r}; it should be ", "a section with keys of its own"
    why = problem["msg"].removeprefix("Input should be ")
    return f"{key} is {problem['input']!r}; it should be ", why


def _is_type_name(part: str) -> bool:
    return "[" in part or part in TYPES or part.startswith("constrained-")


def _known_keys(parents: list[str]) -> list[str]:
    model: type[BaseModel] = AllParams
    for parent in parents:
        annotation = model.model_fields[parent].annotation
        candidates = [annotation, *get_args(annotation)]
        model = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)
