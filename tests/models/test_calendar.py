"""The company's calendar: levels that were planted are found, and what is not known is not told."""

import numpy as np
import pandas as pd
import pytest

from models.calendar.model import Calendar, fit_calendar
from models.calendar.special import CLOSURE, SpecialDays
from models.calendar.standard import MOST_WEEKS, weeks_before

START = 19_358  # 2023-01-01, a Sunday


def dated(days):
    return pd.DatetimeIndex(pd.to_datetime(START + days, unit="D"))


def drawn(days, level, customers=600, joining=90, seed=1):
    """Purchases of customers who buy every ten days or so, at a level by day, (days,) or each's."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(2.0, 0.05, customers)
    joined = rng.integers(0, joining, customers)
    bought = rng.random((customers, days)) < 1 - np.exp(
        -rate[:, None] * np.broadcast_to(level, (customers, days))
    )
    bought &= np.arange(days)[None, :] > joined[:, None]
    bought[np.arange(customers), joined] = True
    who, day = np.nonzero(bought)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:04d}" for number in who],
            "event_day": dated(day),
            "orders": 1,
        }
    )


def yearly(days):
    """December sells a third more, and February a fifth less."""
    month = dated(np.arange(days)).month
    return np.select([month == 12, month == 2], [4 / 3, 0.8], 1.0)


def ahead(calendar, day, days=30):
    return float(calendar.mean_level(np.array([day]), 0, days)[0])


@pytest.fixture(scope="module")
def two_years():
    return drawn(730, yearly(730))


def test_a_december_seen_once_is_told_before_the_next(two_years):
    calendar = fit_calendar(two_years, START + 699)  # 2024-11-30
    assert calendar.season > 0.9
    december, autumn = ahead(calendar, START + 699), ahead(calendar, START + 640)
    # One December is shrunken: it may have been chance.
    assert 1.08 < december / autumn < 4 / 3
    assert ahead(calendar, START + 396, 28) / autumn == pytest.approx(0.85, abs=0.06)


def test_growth_is_not_a_season():
    """Ten times as many customers at the end as at the start, each buying as ever."""
    calendar = fit_calendar(drawn(500, np.ones(500), customers=900, joining=450), START + 500)
    months = [ahead(calendar, START + day) for day in range(120, 500, 30)]
    assert max(months) - min(months) < 0.12


def test_with_less_than_a_year_there_is_no_season(two_years):
    calendar = fit_calendar(two_years, START + 334)
    assert calendar.season == 0
    assert ahead(calendar, START + 340) == pytest.approx(ahead(calendar, START + 430), abs=0.03)


def test_a_shop_that_lives_on_its_christmas_is_told_so():
    """Seven tenths of the year in November and December, seen twice."""
    month = dated(np.arange(1_034)).month
    level = np.where(month >= 11, 0.7 / 61, 0.3 / 304) * 365
    calendar = fit_calendar(drawn(1_034, level, customers=400), START + 1_034)  # 2025-10-31
    quiet, winter = ahead(calendar, START + 940), ahead(calendar, START + 1_044, 50)
    assert 5 < winter / quiet < 16  # 11.6 are true; shrunken
    # Who bought much before Christmas is not expected to go on like that, nor is the year's rest.
    assert ahead(calendar, START + 740, 50) == pytest.approx(quiet, rel=0.2)


def test_of_a_long_history_the_latest_years_are_compared():
    weeks = weeks_before(drawn(1_900, np.ones(1_900), customers=40), START + 1_900)
    assert len(weeks.starts) == len(weeks.orders) == MOST_WEEKS
    assert weeks.orders.sum() == pytest.approx(weeks.expected.sum(), rel=0.05)


def test_what_happens_later_changes_nothing(two_years):
    day = START + 500
    known = two_years[two_years["event_day"] < dated(500 + np.zeros(1, int))[0]]
    assert fit_calendar(two_years, day) == fit_calendar(known, day)


def test_the_order_of_rows_changes_nothing(two_years):
    shuffled = two_years.sample(frac=1.0, random_state=1)
    assert fit_calendar(shuffled, START + 500) == fit_calendar(two_years, START + 500)


def test_a_closure_lowers_its_own_days_and_no_others():
    closed = np.arange(300, 314)
    level = np.ones(460)
    level[closed] = 0.0
    bought = drawn(460, level)
    special = SpecialDays({CLOSURE: np.r_[closed, 470:477] + START}, {CLOSURE: 0.0})
    calendar = fit_calendar(bought, START + 460, special)
    before, after = ahead(calendar, START + 260), ahead(calendar, START + 430)
    assert after == pytest.approx(before, abs=0.1)
    assert ahead(calendar, START + 470, 7) < 0.2 * after
    assert ahead(calendar, START + 480, 7) == pytest.approx(after, abs=0.1)


def test_a_promotion_is_learned_from_those_of_the_past():
    days = np.r_[200:207, 260:267, 330:337]
    level = np.ones(420)
    level[days] = 2.0
    special = SpecialDays({"sale": np.r_[days, 430:437] + START})
    calendar = fit_calendar(drawn(420, level), START + 420, special)
    usual = ahead(calendar, START + 440, 14)
    assert 1.5 < ahead(calendar, START + 430, 7) / usual < 2.3


def test_a_week_has_its_days():
    """Nobody buys on Sundays."""
    level = (np.arange(400) % 7 != 0).astype(float)
    calendar = fit_calendar(drawn(400, level), START + 400)
    days = START + 402 + np.arange(28)
    sunday = (days - START) % 7 == 0
    assert calendar.levels(days)[sunday].max() < 0.2 * calendar.levels(days)[~sunday].min()


def test_few_purchases_say_little():
    few = drawn(300, np.ones(300), customers=12)
    calendar = fit_calendar(few, START + 300)
    assert abs(np.log(ahead(calendar, START + 300))) < 0.15


def test_without_weeks_to_compare_there_is_no_calendar():
    bought = drawn(60, np.ones(60), joining=30)
    assert fit_calendar(bought, START + 40) is None
    assert fit_calendar(bought, START) is None
    assert weeks_before(bought.iloc[:0], START) is None


def test_far_days_are_as_a_year_before_and_the_calendar_is_read_as_written(two_years, tmp_path):
    calendar = fit_calendar(two_years, START + 500)
    last = calendar.first_day + len(calendar.level) - 1
    far = np.arange(last + 1, last + 1200)
    np.testing.assert_array_equal(calendar.levels(far), calendar.levels(far - 364))
    assert set(calendar.levels(far)) <= set(calendar.levels(np.arange(last - 363, last + 1)))
    calendar.save(tmp_path)
    assert Calendar.load(tmp_path) == calendar
    assert Calendar.load(tmp_path / "nothing") is None


def test_rows_are_told_at_their_own_date(two_years):
    calendar = fit_calendar(two_years, START + 500)
    dates = pd.DataFrame({"as_of_date": pd.to_datetime(["2023-11-15", "2024-01-25"])})
    own = calendar.ahead(dates, 0, 30)
    assert own[0] > 1.1 * own[1]
    plain = calendar.ahead(dates[[]], 0, 30)
    np.testing.assert_allclose(plain, ahead(calendar, START + 500))


def two_seasons(seasons, days=730, seed=2):
    """As `drawn`: half buys plants, half toys; of five purchases one is of the other category."""
    customers, rng = 600, np.random.default_rng(seed)
    month = dated(np.arange(days)).month.to_numpy()
    spring, winter = np.isin(month, (4, 5, 6)), np.isin(month, (10, 11, 12))
    plants, toys = np.where(spring, 2.0, 0.7), np.where(winter, 2.0, 0.7)
    grows = np.arange(customers) % 2 == 0
    own = np.where(grows[:, None], plants, toys) if seasons else (plants + toys)[None, :] / 2
    bought = drawn(days, own, customers, seed=seed)
    grown = bought["customer_id"].str[1:].astype(int) % 2 == 0
    other = rng.random(len(bought)) < 0.2
    category = np.where(grown ^ other, "plants", "toys")
    return bought.assign(category=category)


def buyers(*categories):
    return pd.DataFrame({"category_last": categories})


@pytest.fixture(scope="module")
def plants_and_toys():
    return two_seasons(seasons=True)


def test_categories_with_seasons_of_their_own_are_told_apart(plants_and_toys):
    rows = buyers("plants", "toys", "books", None)
    plants, toys, other, unknown = fit_calendar(plants_and_toys, START + 640).ahead(rows, 0, 60)
    assert toys > 1.2 * plants  # October and November
    assert plants < other == unknown < toys
    plants, toys, *_ = fit_calendar(plants_and_toys, START + 460).ahead(rows, 0, 60)
    assert plants > 1.2 * toys  # April and May


def test_a_category_that_goes_with_its_company_keeps_its_level():
    calendar = fit_calendar(two_seasons(seasons=False), START + 640)
    plants, toys, other = calendar.ahead(buyers("plants", "toys", "books"), 0, 60)
    assert plants == pytest.approx(other, rel=0.06) and toys == pytest.approx(other, rel=0.06)


def test_categories_are_told_by_interval_as_over_all_days(plants_and_toys):
    calendar, rows = fit_calendar(plants_and_toys, START + 640), buyers("toys", "plants")
    by_interval = calendar.by_interval(rows, (0, 20, 40, 60))
    np.testing.assert_allclose(by_interval.mean(axis=1), calendar.ahead(rows, 0, 60), rtol=1e-6)


def test_categories_have_no_level_before_a_year_nor_where_they_sell_little(plants_and_toys):
    assert fit_calendar(plants_and_toys, START + 300).by_category == {}
    few = plants_and_toys["customer_id"] < "c0005"
    rare = plants_and_toys.assign(category=np.where(few, "rare", "common"))
    assert fit_calendar(rare, START + 640).by_category == {}


def test_levels_of_categories_are_read_as_written(plants_and_toys, tmp_path):
    calendar = fit_calendar(plants_and_toys, START + 500)
    assert set(calendar.by_category) == {"plants", "toys"}
    calendar.save(tmp_path)
    assert Calendar.load(tmp_path) == calendar
    later = plants_and_toys.assign(
        category=plants_and_toys["category"].where(
            plants_and_toys["event_day"] < dated(500 + np.zeros(1, int))[0], "later"
        )
    )
    assert fit_calendar(later, START + 500) == calendar


def test_counts_of_few_orders_do_not_raise_the_level_of_a_category():
    rng = np.random.default_rng(4)
    bought = drawn(730, np.ones(730), seed=4)
    bought = bought.assign(category=rng.integers(10, size=len(bought)).astype(str))
    calendar = fit_calendar(bought, START + 640)
    assert len(calendar.by_category) == 10
    mean = np.mean([np.mean(factor) for factor in calendar.by_category.values()])
    assert mean == pytest.approx(1, abs=0.006)
