"""What plans gain in simulated companies: ours beside others, judged by a replay of the truth.

    python -m benchmarks.actions --parts policies --policy-customers 20000 --seeds 101

All policies see the same company on the same day, pass the same gates and spend the same budget;
they differ in whom they choose for what (choosers.py and learned.py here). `gain` is that of the
replay, with every contact made, `share_of_bound` its share of what the best plan gains that knows
the mean true effect given all that can be observed, and `sleeping_dogs_share` how many of its
contacts go to customers whom a contact drives away.
"""

import argparse
import gc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from actions.plan.catalog_file import load_catalog
from benchmarks.actions import choosers, learned
from benchmarks.actions.choosers import Budgets, Choices, Situation
from benchmarks.actions.company import company
from benchmarks.measuring import ROOT, NotPossibleError
from pipelines.params import load_params
from sources.kinds.simulator.replay import Replay

KEY = "policies"
OURS, BOUND, ORACLE = "ours", "bound", "oracle"
ORACLES = (BOUND, ORACLE)
CHOOSERS: dict[str, Callable[[Situation, Budgets], Choices]] = {
    OURS: learned.ours,
    "do_nothing": choosers.do_nothing,
    "random": choosers.at_random,
    "risk": choosers.risk_alone,
    "value_at_risk": choosers.value_at_risk,
    "catalogue_lows": choosers.catalogue_lows,
    "plug_in_t": learned.plug_in("t"),
    "plug_in_x": learned.plug_in("x"),
    "plug_in_dr": learned.plug_in("dr"),
    "causal_forest": learned.causal_forest,
    "by_segment": learned.by_segment,
    BOUND: choosers.bound,
    ORACLE: choosers.oracle,
}
WORLDS = ("shop", "independent")
SEEDS = (1, 2, 3)
QUARTERS = (1, 4)
CUSTOMERS = 200_000
# Money for each scored customer: less than the bound would spend, about as much, and more.
BUDGETS = {"tight": 0.005, "middle": 0.02, "wide": 0.1}
# All of a plan is judged: nobody is held out, and nobody explores.
WHOLE = {
    "capacities": {},
    "owner_capacity": None,
    "persistent_control": 0.0,
    "holdout_share": 0.0,
    "exploration_share": 0.0,
}
WORST = -0.02  # of the bound: less is asked of no seed, budget or world
ASKED = {1: {"tight": 0.5, "middle": 0.2, "wide": 0.2}, 4: dict.fromkeys(BUDGETS, 0.35)}  # in shop
MORE_DOGS = 0.01  # than the bound contacts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--policy-customers", type=int, default=CUSTOMERS)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--quarters", type=int, nargs="+", default=list(QUARTERS))
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--policies", nargs="+", choices=list(CHOOSERS), default=list(CHOOSERS))


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of all companies."""
    rows = []
    for world in options.worlds:
        for seed in options.seeds:
            for quarters in options.quarters:
                rows += _measured(options, world, seed, quarters)
                gc.collect()
    return rows


def _measured(
    options: argparse.Namespace, world: str, seed: int, quarters: int
) -> list[dict[str, Any]]:
    made = company(world, options.policy_customers, seed, quarters)
    catalog = load_catalog(ROOT / "benchmarks" / "actions" / "shop.yaml")
    params = load_params(ROOT / "params.yaml").actions.model_copy(
        update={"margin_rate": made.margin, **WHOLE}
    )
    situation = Situation.of(made, catalog, params)
    budgets = {name: each * len(made.cards) for name, each in BUDGETS.items()}
    names = dict.fromkeys([OURS, BOUND, *options.policies])
    plans: dict[tuple[str, str], Replay | str] = {}
    for policy in names:
        try:
            chosen = CHOOSERS[policy](situation, budgets)
            plans |= {(policy, budget): situation.replay(chosen[budget]) for budget in budgets}
        except NotPossibleError as error:
            plans |= {(policy, budget): str(error) for budget in budgets}
    facts = {"world": world, "seed": seed, "quarters": quarters}
    return [
        {"world": world, "policy": policy, "budget": budget, **facts, **_row(plans, policy, budget)}
        for policy in names
        for budget in budgets
    ]


def _row(plans: dict[tuple[str, str], Replay | str], policy: str, budget: str) -> dict[str, Any]:
    """The figures of one plan, and by how much it gains more than ours, paired."""
    plan, ours, bound = (plans[name, budget] for name in (policy, OURS, BOUND))
    if isinstance(plan, str):
        return {"reason": plan}
    assert isinstance(ours, Replay)
    assert isinstance(bound, Replay)
    more = plan.minus(ours)
    return {
        "gain": plan.total,
        "share_of_bound": plan.total / bound.total if bound.total > 0 else None,
        "se": plan.se,
        "sleeping_dogs_share": plan.sleeping_dogs_share,
        "contacts": int(plan.is_contacted.sum()),
        "beyond_ours": more.total,
        "beyond_ours_se": more.se,
    }


def lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The table in Markdown, one row a policy; under it what was asked and what misses it."""
    frame = pd.DataFrame(rows)
    heads = ("world", "quarters", "policy", *(f"{name}: share, dogs" for name in BUDGETS))
    table = [heads, ("---",) * len(heads)]
    for (world, quarters, policy), some in frame.groupby(
        ["world", "quarters", "policy"], sort=False
    ):
        cells = [_cell(some[some["budget"] == budget]) for budget in BUDGETS]
        table.append((str(world), str(quarters), str(policy), *cells))
    text = [f"| {' | '.join(cells)} |" for cells in table]
    missed = misses(rows)
    said = [f"* missed: {one}" for one in missed] or ["* all that was asked holds"]
    return [*text, "", *said]


def _cell(rows: pd.DataFrame) -> str:
    """Mean share of the bound over seeds, the lowest and the highest, and sleeping dogs."""
    known = rows.dropna(subset="gain") if "gain" in rows else rows[:0]
    if known.empty:
        return str(rows["reason"].iloc[0])
    shares, dogs = known["share_of_bound"], known["sleeping_dogs_share"].mean()
    if shares.isna().any():
        return f"{known['gain'].mean():+,.0f} (nothing to gain), {dogs:.1%}"
    return f"{shares.mean():+.2f} ({shares.min():+.2f} to {shares.max():+.2f}), {dogs:.1%}"


def misses(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What was asked of ours and does not hold, a sentence each."""
    found = []
    known = [row for row in rows if "gain" in row]
    bounds = {_key(row): row for row in known if row["policy"] == BOUND}
    for row in known:
        where = f"{row['world']}, {row['quarters']} quarters, {row['budget']}, seed {row['seed']}"
        if row["policy"] == OURS:
            dogs = bounds[_key(row)]["sleeping_dogs_share"] + MORE_DOGS
            if row["share_of_bound"] is not None and row["share_of_bound"] < WORST:
                found.append(f"{where}: {row['share_of_bound']:+.2f} of the bound")
            if row["contacts"] and row["sleeping_dogs_share"] > dogs:
                found.append(f"{where}: {row['sleeping_dogs_share']:.1%} sleeping dogs")
        elif row["policy"] not in ORACLES and row["beyond_ours"] > 2 * row["beyond_ours_se"]:
            found.append(
                f"{where}: {row['policy']} gains {row['beyond_ours']:,.0f} "
                f"± {row['beyond_ours_se']:,.0f} more"
            )
    for quarters, least in ASKED.items():
        for budget, asked in least.items():
            shares = [
                row["share_of_bound"]
                for row in known
                if (row["policy"], row["world"]) == (OURS, "shop")
                and (row["quarters"], row["budget"]) == (quarters, budget)
            ]
            if shares and np.mean(shares) < asked:
                found.append(
                    f"shop, {quarters} quarters, {budget}: mean share {np.mean(shares):.2f}, "
                    f"asked {asked}"
                )
    return found


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("world", "quarters", "budget", "seed"))
