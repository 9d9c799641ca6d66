"""The zoo: four drawn companies, and how they are drawn and reduced. `make zoo` walks forty."""

from dataclasses import replace

import pytest

from benchmarks.zoo.company import write
from benchmarks.zoo.recipe import Recipe, draw, plainer
from benchmarks.zoo.road import lay_out, run_road
from benchmarks.zoo.shrink import Budget, reduced
from benchmarks.zoo.visit import table, visit
from benchmarks.zoo.walk import company_of

# Odd and damaged purchases; a month of subscriptions; summers closed and an own release of before;
# few who bought once, in many tables.
COMPANIES = (1, 2, 6, 9)


def test_the_same_seed_draws_the_same_company():
    one, other = (company_of(draw(11)) for _ in range(2))
    assert one.params == other.params
    assert one.tables.keys() == other.tables.keys()
    for name, frame in one.tables.items():
        assert frame.equals(other.tables[name]), name


def test_drawn_companies_have_every_trait_there_is():
    """The plain value and another one of each trait, among what `make zoo COMPANIES=500` draws."""
    drawn = [draw(seed) for seed in range(500)]
    for name, plain in vars(Recipe()).items():
        values = {getattr(one, name) for one in drawn}
        assert len(values) > 1, name
        assert plain in values or name in ("seed", "customers", "days"), name


@pytest.mark.slow
def test_a_failing_company_is_reduced_to_what_makes_it_fail():
    drawn = Recipe(seed=5, customers=50, days=200, refunds=True, ids="odd", tables=("surveys",))
    refunding = company_of(drawn).tables["orders"]
    assert (refunding["amount"] < 0).any()

    def fails(company, recipe):
        return bool((company.tables["orders"]["amount"] < 0).any())

    least = reduced(drawn, company_of, fails, Budget(roads=500))
    assert (least.recipe.ids, least.recipe.tables, least.recipe.refunds) == ("plain", (), True)
    assert list(least.company.tables) == ["orders"]
    assert len(least.company.tables["orders"]) == 1
    assert "orders.csv\ncustomer_id,order_id" in least.told()


def test_a_reduction_ends_when_its_roads_are_used_up():
    seen = []

    def fails(company, recipe):
        seen.append(recipe)
        return True

    reduced(Recipe(seed=5, customers=50), company_of, fails, Budget(roads=4))
    assert len(seen) == 4


@pytest.mark.slow
def test_every_trait_can_be_made_plain():
    for seed in range(60):
        recipe = draw(seed)
        while steps := plainer(recipe):
            recipe = steps[-1]
        assert recipe == Recipe(seed=seed, customers=1, days=1)


def test_a_company_in_which_nobody_buys_has_no_orders():
    """One customer, an order in three years, and three days of data: some have none."""
    plain = Recipe(customers=1, days=3, gap=1_000.0)
    made = [company_of(replace(plain, seed=seed)).tables for seed in range(12)]
    assert {"orders" in tables for tables in made} == {True, False}


@pytest.mark.slow
def test_stages_run_again_by_hand_leave_nothing_of_an_earlier_run(tmp_path):
    """DVC empties what a stage writes; without DVC the stage has to."""
    company = company_of(Recipe(seed=3, customers=60, days=330, gap=15.0, tables=("tickets",)))
    lay_out(tmp_path, company.params)
    write(company, tmp_path / "inbox")
    first = run_road(tmp_path)
    assert first.through, first.error + first.crash
    folders = ["data/tables", "data/quarantine", "artifacts/evaluated", "artifacts/served", "plots"]
    left = [tmp_path / folder / "of_before.parquet" for folder in folders]
    for path in left:
        path.write_text("left by an earlier run", encoding="utf-8")
    again = run_road(tmp_path)
    assert again.through, again.error + again.crash
    assert [path for path in left if path.exists()] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", COMPANIES)
def test_drawn_companies_walk_the_whole_road(seed):
    one = visit(seed)
    assert not one.broken, table([one])
