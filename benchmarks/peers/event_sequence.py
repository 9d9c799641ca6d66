"""A small recurrent network (GRU) from scratch, on nothing but each customer's purchases."""

import os
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.peers.sequences import MAX_STEPS, Sequences, sequences

PACKAGES = ("jax",)
HIDDEN = 16
FOLDS = 5  # members; each stops by the customers that it has not seen
BATCH = 512
BUCKETS = (8, 24, MAX_STEPS)  # steps that a batch is padded to
EPOCHS, PATIENCE = 30, 4
RATE, DECAY, DROPOUT, CLIP = 3e-3, 1e-2, 0.1, 1.0
LATEST = 0.2  # of the training rows, those of the latest dates, tell when to stop

Tree = Any


class Rows(NamedTuple):
    """Sequences padded to a number of steps, labels (n,), and members' weights (n, FOLDS)."""

    steps: Any
    lengths: Any
    ends: Any
    left: Any
    weights: Any


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,): the mean of five members.

    Each learns from four fifths of the customers on all training dates. All stop at the epoch that
    is best on the latest dates, where each is asked for the customers that it has not seen.
    """
    os.environ["NPROC"] = str(task["threads"])  # read when JAX first computes
    learned, asked = _alike(sequences(train), sequences(test))
    left = train["churned"].to_numpy(np.float32)
    fold = pd.util.hash_array(train["customer_id"].to_numpy(object)) % FOLDS
    unseen = fold[:, None] == np.arange(FOLDS)
    latest = _latest(train["as_of_date"])
    rows = Rows(learned.steps, learned.lengths, learned.ends, left, (~unseen).astype(np.float32))
    params = _fit(rows, unseen & latest[:, None], task["seed"])
    nothing = np.zeros(len(test), np.float32)
    told = _tell(params, Rows(asked.steps, asked.lengths, asked.ends, nothing, nothing))
    return {"event_sequence_gru": pd.DataFrame({"churn_risk": told.mean(axis=1)})}


def _latest(dates: "pd.Series[pd.Timestamp]") -> npt.NDArray[np.bool_]:
    """The rows of the latest dates that hold a fifth of them or more."""
    share = dates.value_counts(normalize=True).sort_index(ascending=False).cumsum()
    return (dates >= share.index[int(np.searchsorted(share, LATEST))]).to_numpy()


def _alike(learned: Sequences, asked: Sequences) -> tuple[Sequences, Sequences]:
    """Both with inputs of mean 0 and deviation 1 over the training rows; padding stays 0."""
    real = np.arange(MAX_STEPS) < learned.lengths[:, None]
    centre, scale = learned.steps[real].mean(axis=0), learned.steps[real].std(axis=0) + 1e-3
    middle, spread = learned.ends.mean(axis=0), learned.ends.std(axis=0) + 1e-3

    def scaled(one: Sequences) -> Sequences:
        inside = (np.arange(MAX_STEPS) < one.lengths[:, None])[..., None]
        steps = np.where(inside, (one.steps - centre) / scale, 0.0)
        return Sequences(steps.astype(np.float32), one.lengths, (one.ends - middle) / spread)

    return scaled(learned), scaled(asked)


def _fit(rows: Rows, judged: npt.NDArray[np.bool_], seed: int) -> Tree:
    """The members' parameters at the best epoch; `judged` (n, FOLDS) are the rows that tell it."""
    key = jax.random.key(seed)
    key, born = jax.random.split(key)
    sizes = rows.steps.shape[2], rows.ends.shape[1]
    params = jax.vmap(partial(_begin, sizes=sizes))(jax.random.split(born, FOLDS))
    moments = (_zeros(params), _zeros(params))
    shuffle, step = np.random.default_rng(seed), 0
    best, kept, since = np.inf, params, 0
    asked = Rows(*(one[judged.any(axis=1)] for one in rows))
    own, truth = judged[judged.any(axis=1)], asked.left[:, None]
    for _ in range(EPOCHS):
        for batch in _batches(rows, shuffle):
            step, key = step + 1, jax.random.fold_in(key, step)
            params, moments = _learn(params, moments, batch, key, step)
        risk = _tell(params, asked).clip(1e-6, 1.0 - 1e-6)
        loss = -np.log(np.where(truth > 0, risk, 1.0 - risk))[own].mean()
        best, kept, since = (loss, params, 0) if loss < best else (best, kept, since + 1)
        if since == PATIENCE:
            break
    return kept


def _batches(rows: Rows, shuffle: np.random.Generator) -> Iterator[Rows]:
    """Every row once, in batches of about the same length; what fills the last weighs nothing."""
    batches = []
    bucket = np.searchsorted(BUCKETS, rows.lengths)
    for place, steps in enumerate(BUCKETS):
        inside = shuffle.permutation(np.flatnonzero(bucket == place))
        for start in range(0, len(inside), BATCH):
            batches.append((steps, inside[start : start + BATCH]))
    for at in shuffle.permutation(len(batches)):
        steps, chosen = batches[at]
        yield _padded(rows, chosen, steps)


def _padded(rows: Rows, chosen: npt.NDArray[np.int64], steps: int) -> Rows:
    filled = np.concatenate([chosen, np.repeat(chosen[:1], BATCH - len(chosen))])
    batch = Rows(*(one[filled] for one in rows))
    weights = batch.weights.copy()
    weights[len(chosen) :] = 0.0
    return batch._replace(steps=batch.steps[:, :steps], weights=weights)


def _tell(params: Tree, rows: Rows) -> npt.NDArray[np.float64]:
    """Probabilities by each member (n, FOLDS)."""
    told = np.empty((len(rows.lengths), FOLDS))
    bucket = np.searchsorted(BUCKETS, rows.lengths)
    for place, steps in enumerate(BUCKETS):
        inside = np.flatnonzero(bucket == place)
        for start in range(0, len(inside), BATCH):
            chosen = inside[start : start + BATCH]
            logits = _logits(params, _padded(rows, chosen, steps))
            told[chosen] = 1.0 / (1.0 + np.exp(-np.asarray(logits, float).T[: len(chosen)]))
    return told


def _begin(key: Any, sizes: tuple[int, int]) -> Tree:
    """Parameters of one member, drawn as Glorot and Bengio (2010) say; no bias at first."""
    inputs, ends = sizes
    shapes = {
        "embed": (inputs, HIDDEN),
        "input": (HIDDEN, 3 * HIDDEN),
        "state": (HIDDEN, 3 * HIDDEN),
        "join": (2 * HIDDEN + ends, HIDDEN),
        "out": (HIDDEN, 1),
    }
    draw = jax.nn.initializers.glorot_normal()
    keys = jax.random.split(key, len(shapes))
    weights = {name: draw(k, shape) for k, (name, shape) in zip(keys, shapes.items(), strict=True)}
    return weights | {f"{name}_bias": jnp.zeros(shape[1]) for name, shape in shapes.items()}


def _logit(params: Tree, rows: Rows, key: Any = None) -> Any:
    """The logit of leaving (n,) by one member; with a key, some of its inner values are dropped.

    The gates are those of Cho et al. (2014), as cuDNN has them. Padding does not change the state.
    """
    inside = jnp.arange(rows.steps.shape[1]) < rows.lengths[:, None]
    embedded = jax.nn.gelu(rows.steps @ params["embed"] + params["embed_bias"])
    inputs = embedded @ params["input"] + params["input_bias"]

    def follow(state: Any, now: Any) -> Any:
        given, real = now
        kept = state @ params["state"] + params["state_bias"]
        x, h = jnp.split(given, 3, axis=-1), jnp.split(kept, 3, axis=-1)
        reset, update = jax.nn.sigmoid(x[0] + h[0]), jax.nn.sigmoid(x[1] + h[1])
        fresh = jnp.tanh(x[2] + reset * h[2])
        moved = jnp.where(real[:, None], update * state + (1.0 - update) * fresh, state)
        return moved, jnp.where(real[:, None], moved, 0.0)

    start = jnp.zeros((len(rows.lengths), HIDDEN))
    last, states = jax.lax.scan(follow, start, (jnp.swapaxes(inputs, 0, 1), inside.T))
    mean = states.sum(axis=0) / jnp.maximum(rows.lengths, 1)[:, None]
    joined = jnp.hstack([last, mean, rows.ends])
    inner = jax.nn.gelu(joined @ params["join"] + params["join_bias"])
    if key is not None:
        inner *= jax.random.bernoulli(key, 1.0 - DROPOUT, inner.shape) / (1.0 - DROPOUT)
    return (inner @ params["out"] + params["out_bias"])[:, 0]


_logits = jax.jit(jax.vmap(_logit, in_axes=(0, None)))


def _loss(params: Tree, rows: Rows, weights: Any, key: Any) -> Any:
    logits = _logit(params, rows, key)
    losses = jax.nn.softplus(logits) - rows.left * logits
    return (losses * weights).sum() / jnp.maximum(weights.sum(), 1.0)


@jax.jit
def _learn(params: Tree, moments: Tree, rows: Rows, key: Any, step: Any) -> tuple[Tree, Tree]:
    """One step of AdamW (Loshchilov and Hutter, 2019) of every member; gradients are clipped."""
    keys = jax.random.split(key, FOLDS)
    slope = jax.vmap(jax.grad(_loss), in_axes=(0, None, 1, 0))(params, rows, rows.weights, keys)
    size = jnp.sqrt(sum((one**2).reshape(FOLDS, -1).sum(axis=1) for one in slope.values()))
    shrink = jnp.minimum(1.0, CLIP / (size + 1e-9))
    moved: Tree = {}
    means: Tree = {}
    squares: Tree = {}
    for name, now in params.items():
        g = slope[name] * shrink.reshape(-1, *[1] * (now.ndim - 1))
        means[name] = 0.9 * moments[0][name] + 0.1 * g
        squares[name] = 0.999 * moments[1][name] + 0.001 * g**2
        spread = jnp.sqrt(squares[name] / (1 - 0.999**step)) + 1e-8
        decay = 0.0 if name.endswith("_bias") else DECAY
        moved[name] = now - RATE * (means[name] / (1 - 0.9**step) / spread + decay * now)
    return moved, (means, squares)


def _zeros(params: Tree) -> Tree:
    return jax.tree.map(jnp.zeros_like, params)
