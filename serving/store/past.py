"""Releases kept in the store, to compare what they predicted with what happened."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from models.words import SCORED
from serving.store.database import unreachable, version
from serving.store.list_index import SCHEMA
from serving.store.tables import CARDS, releases
from serving.store.versions import read_parts

TEXTS = ("arm", "intended_action", "risk_band", "rfm_segment", "abc_class")
MONEY = "value_at_risk"
SCORES = ("customer_id", "churn_risk", *TEXTS, MONEY)
FACTS = ("release_id", "model_version", "as_of_date", "horizon_days", "churn_definition")
# Parts of the facts of a release.
PROMISED, SOURCE_SHA, COMPANY = "promised", "source_sha256", "company"
WATERMARK = "outcomes_until"  # in data/source.json: the newest request of outcomes that was read


def past_releases(engine: Engine, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The facts of the kept releases, oldest first: FACTS, `promised` and `number`.

    `source` is what stage `source` notes of the data that now shows what happened. Left out are
    releases made from this very data, at its end, since nothing can have happened since; those of
    another company, whose customers would all seem to have left; and those in which a rule ranked.
    Of several with the same as-of date and model version the newest is taken. Empty before the
    first release. Raises StoreError when the database does not answer.
    """
    if version(engine) is None:
        return []
    query = select(releases.c.number, releases.c.info).where(releases.c.published_at.is_not(None))
    try:
        with engine.connect() as connection:
            found = connection.execute(query.order_by(releases.c.number)).all()
    except DBAPIError as error:
        raise unreachable(engine, error) from None
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for number, info in found:
        quality = info.get("quality")
        if quality is None:
            continue  # a rule ranked, or nothing had judged the model: it promised nothing
        is_at_end = info["as_of_date"] > info["data_until"]
        if info.get(SOURCE_SHA) == source_hash(source) and is_at_end:
            continue
        if info.get(COMPANY) not in (None, source.get(COMPANY)):  # releases of older code lack it
            continue
        facts = {name: info[name] for name in FACTS}
        # A release of older code, without `promised`, only has its ranking figures.
        ends = (("value", "auc"), ("low", "auc_low"), ("high", "auc_high"))
        promised = info.get(PROMISED, {"auc": {end: quality[name] for end, name in ends}})
        facts |= {"number": number, PROMISED: promised}
        newest[info["as_of_date"], info["model_version"]] = facts
    return sorted(newest.values(), key=lambda release: (release["as_of_date"], release["number"]))


def source_hash(source: Mapping[str, Any]) -> str:
    """One sha256 of what stage `source` wrote: equal for equal raw data, whatever was told since.

    What is told, of contacts and complaints say, shows of no past release whether it was right.
    """
    raw = {name: value for name, value in source.items() if name != WATERMARK}
    return hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()


def scores_of(engine: Engine, number: int) -> pd.DataFrame:
    """SCORES of everyone whom a model scored in a release, by customer_id.

    What the release is older than is missing.
    """
    try:
        with engine.connect() as connection:
            found = read_parts(connection, number, CARDS)
    except DBAPIError as error:
        raise unreachable(engine, error) from None
    if "status" not in found.column_names:
        found = SCHEMA.empty_table()
    found = found.filter(pc.equal(found["status"].cast(pa.string()), SCORED))
    there = [name for name in ("customer_id", *TEXTS) if name in found.column_names]
    numbers = [name for name in ("churn_risk", MONEY) if name in found.column_names]
    columns = [found[name].cast(pa.string()) for name in there]
    table = pa.table([*columns, *(found[name] for name in numbers)], names=[*there, *numbers])
    frame: pd.DataFrame = table.sort_by("customer_id").to_pandas()
    texts = dict.fromkeys([n for n in SCORES if n not in ("churn_risk", MONEY)], "str")
    numbers_as = {"churn_risk": "float64", MONEY: "float64"}
    return frame.reindex(columns=list(SCORES)).astype({**texts, **numbers_as})
