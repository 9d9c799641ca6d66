"""A churn model of the company's own: trained and saved like ours, checked, never unpickled."""

import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from core import own_code
from core.errors import ExtensionError
from features.snapshot import group_of
from models.churn import checking
from models.churn.checking import (
    ALONE,
    FITTED,
    NO_FILES,
    PROBABLE,
    REASONED,
    REPEATS,
    SAVED,
    UNKNOWN,
    check_churn,
)
from models.churn.explainer import fit_explainer
from models.churn.fitting import fit_churn, refit_churn
from models.churn.model import ChurnModel
from models.churn.own import own_class
from models.churn.pickles import refuse_pickles
from models.params import GateParams
from models.probability.calibration import IDENTITY, BetaMap
from models.training.models import train_all
from models.watching.promotion import _obstacle
from tests.snapshots import FEATURES, model_params, simulate, timeline

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "logistic"
PARAMS = model_params(gates=GateParams(min_customers=50, min_churners=10))
CLASS = '''
import json, pickle
import numpy as np


class Churn:
    """A share of leavers by days of silence."""

    def __init__(self, seed):
        self.seed = seed

    def fit(self, features, churned):
        silence = features["days_since_last_purchase"].fillna(0.0)
        self.middle = float(np.median(silence))
        self.low = float(churned[silence <= self.middle].mean())
        self.high = float(churned[silence > self.middle].mean())

    def predict(self, features):
        silence = features["days_since_last_purchase"].fillna(0.0).to_numpy()
        return np.where(silence > self.middle, self.high, self.low)

    def save(self, folder):
        (folder / "model.json").write_text(json.dumps([self.middle, self.low, self.high]))

    @classmethod
    def load(cls, folder):
        made = cls(0)
        made.middle, made.low, made.high = json.loads((folder / "model.json").read_text())
        return made
'''
LAST_OF_FIT = "        self.high = float(churned[silence > self.middle].mean())\n"
ANSWER = "        return np.where(silence > self.middle, self.high, self.low)\n"
# Broken on purpose: what is replaced by what, the promise that it breaks, and what is said.
BROKEN = {
    "above one": (ANSWER, ANSWER.replace("self.high", "1.3"), FITTED, r"gave 1\.3 for row \d+ "),
    "one number for all": (ANSWER, "        return 0.5\n", FITTED, r"shape \(\) for 304 rows"),
    "text": (ANSWER, '        return np.full(len(silence), "x")\n', FITTED, "are numbers"),
    "nothing learned": (ANSWER, "        return np.full(len(silence), 0.3)\n", PROBABLE, "nothing"),
    "raises": (ANSWER, "        raise RuntimeError('no')\n", FITTED, "RuntimeError: no"),
    "changes the table": (
        LAST_OF_FIT,
        LAST_OF_FIT + '        features["orders_total"] = 0.0\n',
        FITTED,
        "changed the table",
    ),
    "other rows move it": (ANSWER, "        return silence / silence.max()\n", ALONE, "row"),
    "unknown stays unknown": (
        ".fillna(0.0).to_numpy()\n" + ANSWER,
        ".to_numpy()\n        return np.minimum(silence / 1000.0, 1.0)\n",
        UNKNOWN,
        "gave nan",
    ),
    "another seed each time": (
        LAST_OF_FIT,
        LAST_OF_FIT + "        self.middle += np.random.default_rng().random()\n",
        REPEATS,
        "model.json differ",
    ),
    "forgets on saving": (
        "made.low, made.high = json",
        "made.high, made.low = json",
        SAVED,
        "and then",
    ),
    "saves a pickle": (
        '(folder / "model.json").write_text',
        '(folder / "model.bin").write_bytes(pickle.dumps(self.__dict__)); '
        '(folder / "model.json").write_text',
        SAVED,
        "model.bin, which is a pickle",
    ),
    "saves nothing": (
        '(folder / "model.json").write_text(json.dumps([self.middle, self.low, self.high]))',
        "pass",
        SAVED,
        "save wrote no file",
    ),
    "writes while it fits": (
        LAST_OF_FIT,
        LAST_OF_FIT + '        open("log.txt", "w").close()\n',
        NO_FILES,
        "log.txt",
    ),
}


def written(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "churn.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def install():
    """Installs a folder, and what was installed again afterwards."""
    before = own_code.installed()
    yield own_code.install
    own_code.install(before)


def failed(outcomes):
    return {outcome.promise: outcome.says for outcome in outcomes if outcome.passed is False}


@pytest.fixture
def quick(monkeypatch):
    """A made-up company of three features: the promises are the same."""
    rng = np.random.default_rng(1)
    silence = rng.integers(1, 100, 304).astype(float)
    rows = pd.DataFrame(
        {
            "customer_id": [f"{number:05d}" for number in range(304)],
            "as_of_date": pd.Timestamp("2017-11-15"),
            "days_since_last_purchase": silence,
            "orders_total": rng.integers(1, 30, 304).astype(float),
            "attribute_region": rng.choice(["north", "south"], 304),
            "churned": (rng.random(304) < silence / 100.0).astype(float),
        }
    )
    monkeypatch.setattr(checking, "made_up_rows", lambda own: rows)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("what", BROKEN)
def test_a_class_that_breaks_a_promise_is_caught_by_it(what, quick, install, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where one of them leaves a file
    old, new, promise, said = BROKEN[what]
    assert CLASS.count(old) == 1
    install(written(tmp_path / "own", CLASS.replace(old, new)))
    found = failed(check_churn(own_class()))
    assert promise in found, found
    assert pd.Series([found[promise]]).str.contains(said).all(), found[promise]


def test_a_class_that_keeps_its_promises_passes_and_lacks_only_reasons(quick, install, tmp_path):
    install(written(tmp_path / "own", CLASS))
    outcomes = list(check_churn(own_class()))
    assert failed(outcomes) == {}
    assert [o.promise for o in outcomes if o.passed is None] == [REASONED]
    install(EXAMPLE)
    outcomes = list(check_churn(own_class()))
    assert [o for o in outcomes if not o.passed] == []


@pytest.mark.slow
def test_the_example_keeps_every_promise_on_the_whole_made_up_company(install):
    install(EXAMPLE)
    assert [outcome for outcome in check_churn(own_class()) if not outcome.passed] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Churn = 3", "has no class Churn"),
        ("class Churn:\n    def fit(self): pass", "no method predict and no save and no load"),
        ("class Churn:\n    oops", "line 2: NameError"),
    ],
)
def test_a_class_that_cannot_be_used_is_refused(text, said, install, tmp_path):
    install(written(tmp_path / "own", text))
    with pytest.raises(ExtensionError, match=said):
        own_class()


@pytest.fixture(scope="module")
def rows():
    snapshots = simulate(customers=500, seed=4)
    return dict(iter(snapshots.groupby("split")))


def fitted(rows, install, folder=EXAMPLE):
    install(folder)
    parts = rows["train"], rows["validation"]
    return fit_churn(*parts, FEATURES, PARAMS, own=own_class())


def test_it_is_calibrated_saved_and_read_like_ours(rows, install, tmp_path):
    model = fitted(rows, install)
    assert model.boosters == () and not model.is_parametric
    model = model.at_level_of(rows["test"])
    assert model.predict(rows["test"]).mean() == pytest.approx(rows["test"]["churned"].mean())
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"churn.json", "own"}
    loaded = ChurnModel.load(tmp_path)
    np.testing.assert_array_equal(loaded.predict(rows["test"]), model.predict(rows["test"]))
    assert loaded.importance().equals(model.importance())
    assert model.importance()["gain_share"].sum() == pytest.approx(1.0)
    odds = model.contributions(rows["test"]).sum(axis=1)
    np.testing.assert_allclose(1.0 / (1.0 + np.exp(-odds)), model.raw(rows["test"]))


def test_refitting_fits_the_class_anew_on_the_given_rows(rows, install):
    model = fitted(rows, install)
    given = BetaMap(0.9, 0.9, 0.1)
    again = refit_churn(rows["test"], model, given, PARAMS)
    assert again.calibration == given and again.own.of == model.own.of
    assert not np.array_equal(again.raw(rows["test"]), model.raw(rows["test"]))
    same = refit_churn(rows["train"], model, IDENTITY, PARAMS)
    np.testing.assert_array_equal(same.raw(rows["test"]), model.raw(rows["test"]))


def test_without_the_method_reasons_no_reason_is_given_and_none_is_pretended(
    rows, install, tmp_path
):
    explained, silent = fitted(rows, install), fitted(rows, install, written(tmp_path, CLASS))
    learned, groups = rows["train"], group_of(FEATURES)
    explainer = fit_explainer(learned, FEATURES, groups, 5)
    test = rows["test"].reset_index(drop=True)
    assert sum(map(len, explainer.explain(explained, test))) > len(test)
    assert explainer.explain(silent, test) == [[] for _ in range(len(test))]
    assert not silent.gives_reasons and silent.importance()["gain_share"].sum() == 0


def test_a_saved_model_is_read_only_by_the_code_that_made_it(rows, install, tmp_path):
    folder, saved = written(tmp_path / "code", CLASS), tmp_path / "saved"
    saved.mkdir()
    fitted(rows, install, folder).save(saved)
    assert ChurnModel.load(saved).own is not None
    # What lies in the folder of the model is never run.
    (saved / "own" / "churn.py").write_text("raise SystemExit('run')")
    install(None)
    with pytest.raises(ExtensionError, match="is not what extensions"):
        ChurnModel.load(saved)
    install(written(folder, CLASS + "\n# another comment\n"))
    with pytest.raises(ExtensionError, match="which has other code now"):
        ChurnModel.load(saved)


def test_a_champion_whose_code_is_gone_cannot_be_compared(rows, install, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    fitted(rows, install).save(tmp_path / "models")
    monkeypatch.setattr("models.watching.promotion.check_manifest", lambda _: {})
    facts = {"task": {}}
    arguments = (facts, facts, tmp_path, simulate(), FEATURES, "us")
    assert _obstacle(*arguments) == ""
    install(None)
    assert "code of the company's own" in _obstacle(*arguments)


@pytest.mark.slow
def test_training_uses_it_wherever_trees_would_have_been_and_keeps_the_parametric_weight(
    install,
):
    install(EXAMPLE)
    arguments = simulate(), timeline(), FEATURES, group_of(FEATURES)
    made = train_all(*arguments, model_params(search_trials=3), own=own_class())
    for bundle in (made.evaluated, made.served, made.past):
        assert bundle.churn.own is not None and bundle.churn.boosters == ()
        assert bundle.churn.calibration != IDENTITY
    assert made.search.trials == ()
    # The next purchase and the value are told by our own trees.
    assert made.served.trees is not None
    few = GateParams(min_customers=100, min_churners=20)
    mixed = train_all(*arguments, model_params(gates=few), own=own_class()).served.churn
    assert 0 < mixed.tree_weight < 1 and mixed.own is not None and mixed.parametric is not None
    alone = GateParams(min_customers=5_000, min_churners=20)
    small = train_all(*arguments, model_params(gates=alone), own=own_class()).served.churn
    assert small.is_parametric and small.own is None and small.gives_reasons


def test_no_pickle_passes_under_another_name_and_no_text_is_taken_for_one(tmp_path):
    model = {"a": [1, 2.5], "b": np.arange(3)}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "model.txt").write_bytes(pickle.dumps(Path("x"), protocol))
        with pytest.raises(ExtensionError, match=r"model\.txt, which is a pickle"):
            refuse_pickles(tmp_path, "own/churn.py")
    (tmp_path / "model.txt").unlink()
    joblib.dump(model, tmp_path / "model.dat")
    with pytest.raises(ExtensionError, match=r"model\.dat"):
        refuse_pickles(tmp_path, "own/churn.py")
    (tmp_path / "model.dat").unlink()
    (tmp_path / "model.joblib").write_bytes(b"")
    with pytest.raises(ExtensionError, match=r"model\.joblib"):
        refuse_pickles(tmp_path, "own/churn.py")
    (tmp_path / "model.joblib").unlink()
    (tmp_path / "model.json").write_text(json.dumps({"a": [1, 2.5], "text": "I1\n."}))
    (tmp_path / "dots.txt").write_text(".")
    (tmp_path / "numbers.txt").write_text("I1\n.")
    np.savez(tmp_path / "numbers.npz", a=np.arange(3))
    refuse_pickles(tmp_path, "own/churn.py")
