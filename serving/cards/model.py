"""What a release says of its data and its model: the record that is kept, and what is returned."""

import datetime as dt

from pydantic import Field

from serving.cards.codes import Probabilities, Severity
from serving.cards.monitor import Figure
from serving.cards.parts import Number, Probability, Sample, Schema, Text
from serving.cards.profit import KeptCuts
from serving.cards.release import Ladder, Quality, Stamp


class FindingWords(Schema):
    """A finding in one language."""

    meaning: Text
    what_to_do: Text


class KeptFinding(Schema):
    """A finding of the data usability report; in English, and in the languages that it has."""

    check: Text
    severity: Severity
    table: Text
    column: Text | None
    rows: int
    meaning: Text
    what_to_do: Text
    in_words: dict[str, FindingWords] = Field(default={}, description="Of other languages.")


class Finding(Schema):
    """A finding on the data, in the language that was asked for where it has it."""

    check: str = Field(description="What was looked for, in words.")
    severity: Severity = Field(
        description="error: what is computed of it misleads; warning: weaker than it looks; advice."
    )
    table: Text
    column: Text | None
    rows: int = Field(description="Rows that it is about; 0: of the table as a whole.")
    meaning: Text
    what_to_do: Text
    language: str = Field(description="Of meaning and what_to_do: en where it has no other.")


class Span(Schema):
    """What the data holds; unknown of a table with a label, which holds no purchases."""

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    customers: int | None = None
    orders: int | None = None
    one_time_share: Probability | None = None


class Bin(Schema):
    """A tenth of the customers of the test dates, by their risk."""

    predicted: Probability = Field(description="Mean of their risks.")
    observed: Probability = Field(description="The share of them who left.")
    rows: int


class Part(Schema):
    """A part of the test rows: whether probabilities hold for it."""

    kind: str = Field(description="as_of_date, abc_class, value (thirds by spending), rfm_segment.")
    part: Text
    rows: int
    left: int
    expected: Number = Field(description="The sum of the risks.")
    value: Number | None = Field(
        default=None, description="Left for each expected; null where too few left or stayed."
    )
    low: Number | None = Field(default=None, description="Of its 95 % interval.")
    high: Number | None = None
    probabilities: Probabilities = Field(
        description="hold: the interval lies within 0.85 to 1.15; off: wholly outside."
    )


class Judged(Schema):
    """What the model was compared with, on dates that it had not seen."""

    best_rule: str = Field(description="The best of the simple models: rfm_logistic, …")
    auc: Figure | None
    rule_auc: Figure | None
    observed_over_expected: Figure | None = Field(description="Who left, for each expected to.")
    calibration: list[Bin] = Field(description="Empty in releases from before it was kept.")
    parts: list[Part] = Field(
        default_factory=list, description="Empty in releases from before they were kept."
    )


class KeptModel(Schema):
    """What the store keeps of the reports of a release."""

    span: Span
    findings: list[KeptFinding]
    learned_until: dt.date | None = Field(
        description="The last day of the data that the models were last trained on."
    )
    judged: Judged | None = Field(description="Null where nothing has judged the models.")
    cuts: KeptCuts | None = Field(default=None, description="None in releases of older code.")
    judged_on: Sample | None = Field(default=None, description="As in ModelReport.")
    card: str = Field(description="The model card as Markdown, in English.")


class ModelReport(Stamp):
    """The data, the model and how good it was: what a manager may ask before trusting a list."""

    span: Span
    findings: list[Finding] = Field(description="Most severe first.")
    quality: Quality | None = Field(description="Null where nothing has judged the models.")
    judged: Judged | None
    judged_on: Sample | None = Field(
        description="The customers that models learned from and were judged on; null: all of them."
    )
    ladder: Ladder | None
    learned_until: dt.date | None
    scored_as_of: dt.date
    grade_in_words: str | None
    warnings: list[str] = Field(
        description="Parts of the test rows for which probabilities surely did not hold, in words."
    )
    retrain: bool | None = Field(description="What the monitor advises; null: it has not run.")
    retrain_why: list[str] = Field(description="In words; empty where no figure is over its limit.")
    card: str
