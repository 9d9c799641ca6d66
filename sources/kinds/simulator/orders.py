"""What simulated shops sell: order lines and refunds; a coupon takes its value off an order."""

import numpy as np
import pyarrow as pa

from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.people import FAVOURITES, STORES, People
from sources.kinds.simulator.process import FAR, time_of_day
from sources.kinds.simulator.tables import Maker
from sources.kinds.simulator.worlds import CATEGORIES, World

PRICES = np.array([price for _, price in CATEGORIES])
USUAL = 0.7  # share of lines in one of the favourite categories; the others are in any
HOME = 0.85  # share of lines bought in the own store
MORE_LINES = 0.8  # of an order, beside the first
ONE_PIECE = 0.75  # share of lines of one piece; of the others the same share has two, …
PRICE_SPREAD = 0.25  # of the log of a customer's prices
DEAL = (0.1, 0.4)  # share of the price that a deal takes off
UP_TO = 0.9  # of an order is what a coupon may take off


def order_value(world: World, people: People) -> Floats:
    """The expected amount of each customer's orders, with deals and refunds, without coupons."""
    price = USUAL * PRICES[people.favourites].mean(axis=1) + (1 - USUAL) * PRICES.mean()
    pieces = (1 + MORE_LINES) / ONE_PIECE * np.exp(PRICE_SPREAD**2 / 2)
    kept = (1 - people.deals * np.mean(DEAL)) * (1 - world.refunds)
    return np.asarray(price * people.level * pieces * kept)


def orders(maker: Maker) -> pa.Table:
    """Order lines and refunds."""
    rng, world, people = maker.streams["orders"], maker.world, maker.people
    bought, buyers = maker.life.bought, maker.life.purchases.who
    second, delay = time_of_day(bought, rng), maker.delays(len(bought), rng)
    lines = 1 + rng.poisson(MORE_LINES, len(bought))
    order = np.repeat(np.arange(len(bought)), lines)
    buyer, n = buyers[order], len(order)
    usual = people.favourites[buyer, rng.integers(FAVOURITES, size=n)]
    category = np.where(rng.random(n) < USUAL, usual, rng.integers(len(CATEGORIES), size=n))
    quantity = rng.geometric(ONE_PIECE, n)
    price = PRICES[category] * people.level[buyer]
    full = np.round(price * np.exp(PRICE_SPREAD * rng.standard_normal(n)) * quantity, 2)
    deal = np.where(rng.random(n) < people.deals[buyer], rng.uniform(*DEAL, n), 0.0)
    amount = np.maximum(np.round(full * (1 - deal), 2), 0.01)
    amount = np.maximum(np.round(amount * (1 - _off(maker, amount, order))[order], 2), 0.01)
    store = np.where(rng.random(n) < HOME, people.home[buyer], rng.integers(STORES, size=n))
    line = np.arange(n) - np.repeat(np.cumsum(lines) - lines, lines) + 1
    is_returned, after = rng.random(n) < world.refunds, rng.uniform(2, 21, n)
    back = second[order] + (after * 86400).astype(np.int64)
    last, happens = maker.days * 86400, (bought < maker.days)[order]
    sold, returned = np.flatnonzero(happens), np.flatnonzero(happens & is_returned & (back < last))
    all_ = np.concatenate([sold, returned])
    seconds = np.concatenate([second[order[sold]], back[returned]])
    is_refund = np.arange(len(all_)) >= len(sold)
    number = maker.life.purchases.number()[order]
    return pa.table(
        {
            "customer_id": maker.customer_ids(buyer[all_]),
            "order_id": pa.concat_arrays(
                [
                    maker.numbered(buyer[rows], number[rows], prefix)
                    for rows, prefix in ((sold, "O"), (returned, "R"))
                ]
            ),
            "line_id": pa.array(line[all_]).cast(pa.string()),
            "event_time": maker.times(seconds),
            "known_at": maker.times(seconds + delay[order[all_]]),
            "amount": np.where(is_refund, -amount[all_], amount[all_]),
            "quantity": np.where(is_refund, -quantity[all_], quantity[all_]).astype(float),
            "category": maker.words(category[all_], tuple(name for name, _ in CATEGORIES)),
            "discount": np.where(is_refund, 0.0, np.round(full - amount, 2)[all_]),
            "store": maker.ids(store[all_], "S", 2),
        }
    )


def _off(maker: Maker, amount: Floats, order: Ints) -> Floats:
    """The share of each possible order that a coupon takes off it."""
    bought, contacts = maker.life.bought, maker.life.contacts()
    total = np.bincount(order, weights=amount, minlength=len(bought))
    redeemed = contacts.redeemed < maker.days
    keys = maker.life.purchases.who * FAR + np.minimum(bought, FAR / 2)
    at = np.searchsorted(keys, contacts.who[redeemed] * FAR + contacts.redeemed[redeemed])
    value = np.zeros(len(bought))
    value[at] = np.array([a.incentive_cost for a in maker.world.actions])[contacts.action[redeemed]]
    return np.minimum(value / np.maximum(total, 0.01), UP_TO)
