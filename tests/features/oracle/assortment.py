"""Features of categories and stores: how many, how concentrated, what is new."""

from tests.features.oracle.numbers import entropy, mean, top_share

NEEDS = None


def categories(c):
    return c.bought("category")


def stores(c):
    return c.bought("store")


def counts(dates_by_name):
    return [len(dates) for dates in dates_by_name.values()]


def counts_in(c, dates_by_name, window):
    found = [sum(c.within(day, window) for day in days) for days in dates_by_name.values()]
    return [count for count in found if count]


def used_in(c, dates_by_name, window):
    return len(counts_in(c, dates_by_name, window))


def new_in(c, dates_by_name, window):
    return sum(c.within(min(dates), window) for dates in dates_by_name.values())


def dropped(c, dates_by_name, window):
    """How many were bought in the window before the last one, and not in the last one."""
    return sum(c.within(max(dates), window, end=window) for dates in dates_by_name.values())


def days_since_top(c, dates_by_name):
    if not dates_by_name:
        return None
    return c.ago(max((len(dates), max(dates)) for dates in dates_by_name.values())[1])


def category_last(c):
    last = sorted((c.ago(max(dates)), name) for name, dates in categories(c).items())
    return last[0][1] if last else None


SINGLE = {
    "categories_total": lambda c: len(categories(c)) or None,
    "category_top_share": lambda c: top_share(counts(categories(c))),
    "category_repeat_share": lambda c: mean([count > 1 for count in counts(categories(c))]),
    "category_entropy": lambda c: entropy(counts(categories(c))),
    "days_since_top_category": lambda c: days_since_top(c, categories(c)),
    "category_last": category_last,
    "stores_total": lambda c: len(stores(c)) or None,
    "store_top_share": lambda c: top_share(counts(stores(c))),
    "days_since_top_store": lambda c: days_since_top(c, stores(c)),
}
WINDOWED = {
    "categories": ((30, 90, 180), lambda c, w: used_in(c, categories(c), w)),
    "categories_new": ((30, 90), lambda c, w: new_in(c, categories(c), w)),
    "categories_dropped": ((30, 90), lambda c, w: dropped(c, categories(c), w)),
    "category_top_share": ((90,), lambda c, w: top_share(counts_in(c, categories(c), w))),
    "stores": ((90,), lambda c, w: used_in(c, stores(c), w)),
    "stores_new": ((90,), lambda c, w: new_in(c, stores(c), w)),
}
