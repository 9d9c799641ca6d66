"""What next: the probability that each category is bought within the horizon, and two lists.

One LightGBM model judges pairs of customer and category (models/next_purchase/candidates.py). For a
lapse it learns from customers who stayed, and with p = churn_risk

    P(category) = (1 - p) × P(category | the customer stays)

so that no category is more likely than a purchase. For a cancellation a customer who leaves may
still buy before: the model learns from everybody, and the risk is not used.

The lists are the three most likely categories of all, and the three most likely ones that the
customer did not buy in the last 90 days.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from core.errors import DataGateError
from core.files import read_json, write_json
from features.history.category_history import Categories
from features.params import Churn
from models.leaving import LAPSE
from models.next_purchase.candidates import Pairs, bought_of, candidates, popularity
from models.params import ModelParams
from models.trees.boosting import Recipe, Rows, load_booster, save_booster, train_booster
from models.trees.inputs import Inputs
from models.words import CATEGORY_LISTS

FILE, TREES = "next_categories.json", "next_categories.txt"
LIST_LENGTH = 3  # categories in a list
AT_ONCE = 5_000  # customers whose pairs are in memory at a time


@dataclass(frozen=True)
class NextCategoriesModel:
    """Trees over pairs of customer and category; for a lapse, learned from customers who stayed."""

    booster: lgb.Booster
    pairs: Pairs
    churn: Churn
    threads: int

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return int(self.booster.current_iteration())

    def probabilities(
        self,
        snapshot: pd.DataFrame,
        history: pd.DataFrame,
        churn_risk: FloatArray,
        popular: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Every candidate of every row, likeliest first: row, category, probability, is_new.

        `history` covers the as-of dates of the snapshot and the whole cohort, which shows what is
        popular; where it covers only some customers, `popular` says it (`popularity`). `churn_risk`
        (n,) belongs to the rows. Ties are in the order of the names.
        """
        risk = np.asarray(churn_risk, np.float64)
        if popular is None:
            dates = snapshot["as_of_date"].unique()
            popular = popularity(history[history["as_of_date"].isin(dates)])
        found = []
        for start in range(0, len(snapshot), AT_ONCE):
            part = snapshot.iloc[start : start + AT_ONCE]
            pairs = candidates(part, history, popular, self.pairs.most_popular)
            if pairs.empty:
                continue
            predicted = self.booster.predict(
                self.pairs.matrix(pairs, part), num_threads=self.threads
            )
            row = pairs["row"].to_numpy(np.int64) + start
            stays = 1.0 - risk[row] if self.churn == LAPSE else 1.0
            probability = to_digits(predicted * stays, TOLD)
            found.append(
                pairs.assign(
                    row=row, probability=probability, is_new=(pairs["bought_90d"] == 0).to_numpy()
                )
            )
        columns = ["row", "category", "probability", "is_new"]
        if not found:
            return pd.DataFrame({name: [] for name in columns}).astype({"is_new": "bool"})
        every = pd.concat(found, ignore_index=True) if len(found) > 1 else found[0]
        every = every[columns].astype({"category": "str"})
        return every.sort_values(
            ["row", "probability", "category"], ascending=[True, False, True], ignore_index=True
        )

    def predict(
        self,
        snapshot: pd.DataFrame,
        history: pd.DataFrame,
        churn_risk: FloatArray,
        popular: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """`next_categories_new` and `next_categories_any` on the snapshot's index.

        Each is a list of at most three `{category, probability}`, likeliest first; empty without
        candidates. The arguments are those of `probabilities`.
        """
        pairs = self.probabilities(snapshot, history, churn_risk, popular)
        return pd.DataFrame(
            {
                f"next_categories_{name}": pd.Series(
                    _lists(shown(pairs, name), len(snapshot)), index=snapshot.index
                )
                for name in CATEGORY_LISTS
            }
        )

    def save(self, folder: Path) -> None:
        """Write `next_categories.json` and the trees as LightGBM text."""
        save_booster(self.booster, folder / TREES)
        content = {
            "of_pair": list(self.pairs.of_pair),
            "of_customer": self.pairs.of_customer.to_dict(),
            "most_popular": self.pairs.most_popular,
            "churn": self.churn,
            "threads": self.threads,
        }
        write_json(folder / FILE, content)

    @classmethod
    def load(cls, folder: Path) -> "NextCategoriesModel | None":
        """Read what `save` wrote; None where there is nothing, ArtifactError without the trees."""
        if not (folder / FILE).exists():
            return None
        content: dict[str, Any] = read_json(folder / FILE)
        return cls(
            booster=load_booster(folder / TREES),
            pairs=Pairs(
                of_pair=tuple(content["of_pair"]),
                of_customer=Inputs.from_dict(content["of_customer"]),
                most_popular=content["most_popular"],
            ),
            churn=content["churn"],
            threads=content["threads"],
        )


def shown(pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of `probabilities` that a list shows: `new` or `any`."""
    return (pairs[pairs["is_new"]] if name == "new" else pairs).groupby("row").head(LIST_LENGTH)


def fit_next_categories(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    categories: Categories,
    pairs: Pairs,
    params: ModelParams,
    churn: Churn = LAPSE,
) -> NextCategoriesModel:
    """Fit on pairs of `train`; stop the trees on pairs of `valid` (snapshot rows).

    Rows with unknown outcomes are not used. Raises DataGateError where no pair was bought, or all
    were.
    """
    learned = _rows(train, categories, (pairs, churn), params)
    booster = _trained(pairs, learned, _rows(valid, categories, (pairs, churn), params), params)
    return NextCategoriesModel(booster, pairs, churn, params.threads)


def refit_next_categories(
    model: NextCategoriesModel, rows: pd.DataFrame, categories: Categories, params: ModelParams
) -> NextCategoriesModel:
    """The same settings and as many trees, fitted on all rows with known outcomes."""
    learned = _rows(rows, categories, (model.pairs, model.churn), params)
    booster = _trained(model.pairs, learned, model.rounds, params)
    return replace(model, booster=booster, threads=params.threads)


def _trained(pairs: Pairs, rows: Rows, stop: Rows | int, params: ModelParams) -> lgb.Booster:
    recipe = Recipe("binary", params.next_categories, params.seed, params.threads)
    return train_booster(recipe, pairs.names, rows, stop)


def _rows(
    rows: pd.DataFrame, categories: Categories, task: tuple[Pairs, Churn], params: ModelParams
) -> Rows:
    """Pairs to learn from, about `most_pairs` at most: of snapshot rows sampled at random."""
    pairs, churn = task
    rows = rows[rows["outcome_known"]]
    if churn == LAPSE:
        rows = rows[rows["churned"] == 0]
    dates = rows["as_of_date"].unique()
    history = categories.history[categories.history["as_of_date"].isin(dates)]
    judged = len(history) + len(rows) * pairs.most_popular
    share = params.next_categories.most_pairs / max(judged, 1)
    drawn = rows[np.random.default_rng(params.seed).random(len(rows)) < share]
    found = candidates(drawn, history, popularity(history), pairs.most_popular)
    target = bought_of(found, drawn, categories.outcomes)
    if not 0 < target.sum() < len(target):
        raise DataGateError(
            f"Next categories: of {len(target):,} pairs of a customer and a category at "
            f"{len(dates)} as-of dates {target.sum():,.0f} were bought, and nothing can be learned "
            "from that. Look at the column category of orders: is it a kind of product?"
        )
    return Rows(pairs.matrix(found, drawn), target)


def _lists(rows: pd.DataFrame, length: int) -> list[list[dict[str, Any]]]:
    lists: list[list[dict[str, Any]]] = [[] for _ in range(length)]
    for row, category, p in zip(rows["row"], rows["category"], rows["probability"], strict=True):
        lists[row].append({"category": category, "probability": float(p)})
    return lists
