"""Gates, features, the cohort and past releases read one statement of each rule of a history."""

import random

import numpy as np
import pandas as pd
import pytest

from actions.plan.gates import GATES, History, objectors
from features.building import tables_at
from features.checking.company import company
from features.history.contacts_made import was_made
from features.history.outcomes import contacted
from features.timeline import day_of
from sources.contract import CONSENTS, CONTACTS, TABLES, TICKETS
from sources.meanings.vocabulary import VOCABULARY, in_known_words
from tests.actions.blocking import blocked_by
from tests.features.stated import EVER, complete
from tests.features.world import AS_OF, columns_of, features_at, frame, on_duckdb, timeline_at
from tests.sources.raw_tables import params as source_params

pytestmark = pytest.mark.slow_after(1)

SEEDS = (1, 2, 3)
CLOSED = ("tickets", "contacts", "consents")


def written(word, spellings, rng):
    """A word as some source may write it."""
    if word is None:
        return None
    way = rng.choice((word, *spellings[word]))
    return rng.choice((way, way.upper(), way.capitalize(), f" {way} "))


def spelt(rows, table, rng):
    """The rows with the words of closed lists in any spelling, read as `make run` reads them."""
    for (name, column), words in VOCABULARY.items():
        if name == table.name and column in rows:
            known = [word if word in words else None for word in rows[column]]
            raw = [written(word, words, rng) for word in known]
            rows = rows.assign(
                **{
                    column: pd.Series(raw, dtype="str").where(
                        pd.Series(known).notna(), rows[column]
                    )
                }
            )
    return in_known_words(rows, table, source_params())[0]


@pytest.fixture(scope="module", params=SEEDS)
def drawn(request):
    """Features of everybody who ever bought, and the gates' tables, of one drawn company."""
    rng = random.Random(request.param)
    tables = company(rng, 120, ahead=0.15)
    frames = {name: frame(name, complete(name, tables[name], ())) for name in TABLES}
    for table in (TICKETS, CONTACTS, CONSENTS):
        frames[table.name] = spelt(frames[table.name], table, rng)
    features = features_at(frames, AS_OF, EVER).set_index("customer_id")
    gates = {name: frames[name][[*columns_of(name)]] for name in CLOSED}
    stood = tables_at(on_duckdb(gates), timeline_at(AS_OF, EVER), CLOSED)
    return features, stood, frames


def blocked(features, catalog, params, **history):
    """The gate that stops each action for each customer of the cohort, None where none does."""
    scores = pd.DataFrame({"customer_id": features.index, "as_of_date": AS_OF})
    found = blocked_by(scores, catalog.actions, History(**history), params)
    names = np.array([*GATES, None], dtype=object)[found]
    return dict(zip([action.id for action in catalog.actions], names.T, strict=True))


@pytest.mark.slow
def test_an_open_complaint_of_the_gate_is_the_one_that_features_count(drawn, catalog, params):
    features, stood, _ = drawn
    is_open = (features["complaints_open"] > 0).to_numpy()
    assert 0.05 < is_open.mean() < 0.95
    found = blocked(features, catalog(), params(), tickets=stood["tickets"])
    np.testing.assert_array_equal(found["mail"] == "open_complaint", is_open)
    np.testing.assert_array_equal(found["repair"] == "no_open_complaint", ~is_open)


def test_a_contact_of_the_frequency_cap_is_the_one_that_features_count(drawn, catalog, params):
    features, stood, _ = drawn
    made = features["contacts_30d"].to_numpy()
    assert len(set(made)) > 2
    for cap in (1, 2):
        found = blocked(
            features,
            catalog(),
            params(max_contacts=cap, quiet_days=0),
            contacts=stood["contacts"][was_made(stood["contacts"])],
        )
        np.testing.assert_array_equal(found["mail"] == "frequency_cap", made >= cap)


def test_a_contact_that_a_past_release_is_judged_by_is_the_one_that_features_count(drawn):
    features, stood, _ = drawn
    start = day_of((AS_OF - pd.Timedelta(days=30)).date())
    found = contacted(stood["contacts"], list(features.index), start, 30)
    np.testing.assert_array_equal(found, features["contacts_30d"] > 0)


def test_consent_to_a_channel_of_the_gate_is_the_one_that_features_count(drawn, catalog, params):
    features, stood, _ = drawn
    channels = ("email", "phone", "all")
    shelf = catalog(
        **{f"by_{channel}": {"channels": [channel], "contact_cost": 1.0} for channel in channels}
    )
    # One word on all channels, or on service, is a word on several things: of others it is one.
    consents = stood["consents"]
    several = consents["customer_id"][
        (consents["channel"] == "all") | (consents["purpose"] == "service")
    ]
    plain = ~features.index.isin(set(several))
    assert plain.sum() > 10
    found = blocked(features, shelf, params(), consents=consents)
    granted = sum((found[f"by_{channel}"] != "no_consent").astype(int) for channel in channels)
    np.testing.assert_array_equal(granted[plain], features["channels_granted"].fillna(0)[plain])


@pytest.mark.slow
def test_who_objects_to_profiling_is_left_out_by_the_cohort_and_by_the_plan_alike(drawn):
    features, stood, frames = drawn
    objected = objectors(stood["consents"])
    without = dict(frames, consents=frames["consents"].drop(columns="purpose"))
    everybody = set(features_at(without, AS_OF, EVER)["customer_id"])
    assert objected & everybody
    assert set(features.index) == everybody - objected
