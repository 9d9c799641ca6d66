"""The closed lists of codes that the API takes and returns, each under the name it has there.

A type alias with a name becomes a schema of that name in the OpenAPI document, once, to which every
field and parameter of the type refers; a plain Literal would be written out at each of them.
"""

from typing import Literal

from typing_extensions import TypeAliasType

from actions.plan import catalog, holdout
from features import params
from models import words
from models.customers import relationship, segments
from serving.cards import sorting
from serving.wording import languages
from sources import notes
from sources.meanings import vocabulary

Status = TypeAliasType("Status", words.Status)
ChurnDefinition = TypeAliasType("ChurnDefinition", params.Churn)
RiskBand = TypeAliasType("RiskBand", segments.RiskBand)
RfmSegment = TypeAliasType("RfmSegment", segments.RfmSegment)
AbcClass = TypeAliasType("AbcClass", segments.AbcClass)
LifecycleStage = TypeAliasType("LifecycleStage", segments.LifecycleStage)
RelationshipLevel = TypeAliasType(
    "RelationshipLevel", Literal[relationship.RelationshipLevel, "unknown"]
)
SuggestedLevel = TypeAliasType("SuggestedLevel", relationship.RelationshipLevel)
HeldBy = TypeAliasType("HeldBy", relationship.HeldBy)
Arm = TypeAliasType("Arm", vocabulary.Arm)
WithheldBy = TypeAliasType("WithheldBy", holdout.WithheldBy)
CarriedOutBy = TypeAliasType("CarriedOutBy", catalog.CarriedOutBy)
OverrideKind = TypeAliasType(
    "OverrideKind", Literal["not_leaving", "leaving", "no_contact", "level"]
)
Direction = TypeAliasType("Direction", Literal["up", "down"])
TypicalOf = TypeAliasType("TypicalOf", Literal["alike", "all"])
EffectSource = TypeAliasType("EffectSource", Literal["assumed", "estimated"])
NoGains = TypeAliasType("NoGains", Literal["no_money", "no_margin", "no_currency"])
RankedBy = TypeAliasType("RankedBy", Literal["value_at_risk", "churn_risk"])
HoldoutShareBy = TypeAliasType("HoldoutShareBy", Literal["given", "assumed", "known", "too_few"])
Grade = TypeAliasType("Grade", words.Grade)
Ranks = TypeAliasType("Ranks", words.Ranks)
Probabilities = TypeAliasType("Probabilities", words.Probabilities)
DriftLevel = TypeAliasType("DriftLevel", words.DriftLevel)
TaskFilter = TypeAliasType(
    "TaskFilter",
    Literal["to_do", "open", "taken", "snoozed", "done", "not_relevant", "all"],
)
Severity = TypeAliasType("Severity", notes.Severity)
Sort = TypeAliasType("Sort", sorting.Sort)
Order = TypeAliasType("Order", sorting.Order)
Language = TypeAliasType("Language", languages.Language)
OverviewPart = TypeAliasType("OverviewPart", words.OverviewPart)
OverviewGap = TypeAliasType("OverviewGap", words.OverviewGap)
CohortPeriod = TypeAliasType("CohortPeriod", Literal["month", "quarter"])
Age = TypeAliasType("Age", Literal["ok", "stale"])
Reach = TypeAliasType("Reach", Literal["within_horizon", "value_horizon"])
Verdict = TypeAliasType(
    "Verdict",
    Literal["better", "worse", "not_shown", "running", "too_few", "not_by_chance"],
)
UntreatedBy = TypeAliasType("UntreatedBy", Literal["contacts", "plan"])
Group = TypeAliasType("Group", Literal["all", "untreated"])
Format = TypeAliasType("Format", Literal["json", "ndjson", "csv", "excel", "xlsx"])
ExportFormat = TypeAliasType("ExportFormat", Literal["ndjson", "csv", "excel", "xlsx"])
ScoresFormat = TypeAliasType("ScoresFormat", Literal["ndjson", "parquet"])
