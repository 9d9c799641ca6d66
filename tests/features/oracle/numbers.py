"""Small sums over lists; `None` is unknown."""

import math
import statistics


def ratio(above, below):
    """One number as a share or multiple of another: unknown where there is nothing to divide by."""
    return None if above is None or not below else float(above) / float(below)


def mean(values):
    return statistics.fmean(values) if values else None


def deviation(values):
    return statistics.stdev(values) if len(values) > 1 else None


def difference(one, other):
    return None if one is None or other is None else one - other


def log_ratio(last, before):
    """How much more the last was than the one before, each at least 0, plus one."""
    return math.log((max(float(last), 0) + 1) / (max(float(before), 0) + 1))


def slope(values):
    """Least-squares slope of values that lie one step apart, the oldest first."""
    middle = (len(values) - 1) / 2
    steps = [place - middle for place in range(len(values))]
    products = sum(step * float(value) for step, value in zip(steps, values, strict=True))
    return products / sum(step * step for step in steps)


def top_share(counts):
    return ratio(max(counts), sum(counts)) if counts else None


def entropy(counts):
    shares = [count / sum(counts) for count in counts]
    return -sum(share * math.log(share) for share in shares) if counts else None


def clumpiness(spells):
    """Zhang, Bradlow & Small (2015), equation 3: one less the entropy of the spells' shares."""
    if len(spells) < 2:
        return None
    shares = [spell / sum(spells) for spell in spells]
    return 1 + sum(s * math.log(s) for s in shares if s) / math.log(len(spells))


def by_month(c, value):
    """A value in each of the last six months of 30 days, the oldest first."""
    return [value(c, 30, end=30 * month) for month in reversed(range(6))]
