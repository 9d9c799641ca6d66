"""How cards and timelines are written: rows of values without names, compressed one by one.

A card is its row of cards.parquet without what is equal in the whole release, as JSON with the name
of its layout first; the layout says which column each value is of. Cards have most of their words
in common, so that they are compressed with a dictionary: made once for each layout, of cards
without a name or an owner, so that it holds nothing of a person who is to be forgotten.
"""

import datetime as dt
import hashlib
import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from threading import local
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import zstandard
from sqlalchemy import Connection, insert, select

from core.errors import StoreError
from serving.store.layouts import Layout, Naming, naming
from serving.store.memory import Kept
from serving.store.tables import codings

AS_SERVED = "as-served"  # the layout of cards that older code kept: the card as the API returned it
PRIVATE = ("name", "owner")  # columns that no dictionary is made of
LEVEL = 3  # of zstd
LARGEST = 2**26  # bytes of one card or timeline; none has a hundredth of it
FEWEST = 200  # cards of which a dictionary can be made
SAMPLES, DICTIONARY_BYTES = 4_000, 32_768

HEAD = struct.Struct("<Bi")  # of a timeline: which types it has, its first day

_CODINGS: Kept[Any] = Kept(256)
_OF_THREAD = local()  # decompressors by the number of their dictionary
_PLAIN = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """The rows of a table as plain values: days as text, unknown numbers as NaN or None."""
    return list(zip(*(_values(column) for column in table.columns), strict=True))


def hash_of(content: bytes) -> int:
    """64 bits that tell whether two contents of one customer are equal."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)


class CardWriter:
    """Writes cards of one layout; keeps in the store what is needed to read them."""

    def __init__(self, connection: Connection, layout: Layout) -> None:
        text = orjson.dumps(layout)
        self.name = hashlib.sha256(text).hexdigest()[:12]
        _keep(connection, f"layout {self.name}", text)
        self._compressor = None
        found = connection.scalar(
            select(codings.c.content).where(codings.c.name == f"dictionary {self.name}")
        )
        if found is not None:
            self._compressor = _compressor(found)

    def learn(self, connection: Connection, table: pa.Table) -> None:
        """Make the dictionary of this layout from some cards, if there is none and they suffice."""
        if self._compressor is not None or len(table) < FEWEST:
            return
        for name in set(PRIVATE) & set(table.column_names):
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.nulls(len(table), table[name].type))
        samples: list[Any] = [self.plain(row) for row in rows_of(table.slice(0, SAMPLES))]
        size = min(DICTIONARY_BYTES, sum(map(len, samples)) // 8)
        content = zstandard.train_dictionary(size, list(samples)).as_bytes()
        sha256 = hashlib.sha256(content).digest()
        # Its own number in the frames that it compresses; the first 2**15 are reserved.
        number = 2**15 + int.from_bytes(sha256[:4], "big") % (2**31 - 2**15)
        content = content[:4] + number.to_bytes(4, "little") + content[8:]
        _keep(connection, f"dictionary {self.name}", content)
        _keep(connection, f"dictionary {number}", content)
        self._compressor = _compressor(content)

    def plain(self, row: Sequence[Any]) -> bytes:
        """A row as JSON."""
        return orjson.dumps((self.name, *row))

    def packed(self, contents: Sequence[bytes]) -> list[bytes]:
        """Each of what `plain` returned, compressed."""
        return _packed(self._compressor or _PLAIN, contents)


def read_row(
    connection: Connection, content: bytes, columns: frozenset[str] | None = None
) -> tuple[str, dict[str, Any]]:
    """The name of the layout and the values by column: all, or those of these `columns`.

    Raises StoreError for a damaged content.
    """
    name, *values = orjson.loads(_unpacked(connection, content))
    if name == AS_SERVED:
        return name, values[0]
    named: Naming = _CODINGS.get(
        (name, columns),
        lambda: naming(orjson.loads(_kept(connection, f"layout {name}")), columns),
    )
    return name, named(values)


def as_served(card: dict[str, Any]) -> bytes:
    """A card of older code, as it was kept."""
    return _PLAIN.compress(orjson.dumps((AS_SERVED, card)))


def timelines_of(
    starts: np.ndarray, days: np.ndarray, orders: np.ndarray, amounts: np.ndarray | None
) -> Iterator[bytes]:
    """The days with purchases of each customer, whose first row is at `starts`, as bytes.

    `days` count from 1970-01-01 and ascend. Amounts in hundredths take half the room.
    """
    ends = np.append(starts[1:], len(days))
    gaps = np.diff(days, prepend=days[:1])
    gaps[starts] = 0
    forms = [
        _narrow(starts, gaps, "<u2", "<i4"),
        _narrow(starts, orders, "u1", "<i4"),
    ]
    if amounts is not None:
        forms.append(_hundredths(starts, amounts))
    kinds = np.full(len(starts), 128 if amounts is not None else 0)
    for bit, form in enumerate(forms):
        kinds |= form[0].astype(int) << bit
    heads = zip(kinds.tolist(), days[starts].tolist(), strict=True)
    for (kind, first), start, end in zip(heads, starts.tolist(), ends.tolist(), strict=True):
        cells = [HEAD.pack(kind, first)]
        for bit, (_, narrow, wide) in enumerate(forms):
            size, content = narrow if kind >> bit & 1 else wide
            cells.append(content[size * start : size * end])
        yield b"".join(cells)


def packed_timelines(contents: Sequence[bytes]) -> list[bytes]:
    """Each of what `timelines_of` yielded, compressed."""
    return _packed(_PLAIN, contents)


def read_timeline(
    connection: Connection, content: bytes
) -> list[tuple[dt.date, int, float | None]]:
    """Day, orders and amount (None where unknown), oldest first.

    Raises StoreError for a damaged content.
    """
    plain = _unpacked(connection, content)
    kinds, first = HEAD.unpack_from(plain)
    types = ["<u2" if kinds & 1 else "<i4", "u1" if kinds & 2 else "<i4"]
    if kinds & 128:
        types.append("<i4" if kinds & 4 else "<f8")
    count = (len(plain) - HEAD.size) // sum(np.dtype(name).itemsize for name in types)
    at, columns = HEAD.size, []
    for name in types:
        columns.append(np.frombuffer(plain, name, count, at))
        at += count * np.dtype(name).itemsize
    days = first + np.cumsum(columns[0].astype("int64"))
    sums: list[float | None] = [None] * count
    if kinds & 128:
        floats = columns[2] / 100 if kinds & 4 else columns[2]
        sums = [None if x != x else x for x in floats.tolist()]
    dates = days.astype("datetime64[D]").tolist()
    return list(zip(dates, columns[1].tolist(), sums, strict=True))


def _narrow(starts: np.ndarray, values: np.ndarray, small: str, large: str) -> Any:
    """By customer whether all values fit the small type; the values in both types."""
    limits = np.iinfo(small)
    fits = (values >= limits.min) & (values <= limits.max)
    return np.logical_and.reduceat(fits, starts), _cells(values, small), _cells(values, large)


def _hundredths(starts: np.ndarray, amounts: np.ndarray) -> Any:
    with np.errstate(all="ignore"):
        rounded = np.rint(amounts * 100)
        fits = (rounded / 100 == amounts) & (np.abs(rounded) < 2**31)
    whole = np.where(fits, rounded, 0)
    return np.logical_and.reduceat(fits, starts), _cells(whole, "<i4"), _cells(amounts, "<f8")


def _cells(values: np.ndarray, kind: str) -> tuple[int, bytes]:
    """How many bytes a value takes, and the values."""
    return np.dtype(kind).itemsize, values.astype(kind).tobytes()


def _values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_floating(kind):
        return list(column.to_numpy(zero_copy_only=False).tolist())
    if pa.types.is_integer(kind) and column.null_count == 0:
        return list(column.to_numpy().tolist())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(column)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _texts(column.cast(pa.date32(), safe=False).cast(pa.string()))
    if pa.types.is_struct(kind):
        rows = list(zip(*map(_values, column.flatten()), strict=True))
        return rows if column.null_count == 0 else _known(column, rows)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _values(column.values)
        slices = pairwise(column.offsets.to_numpy().tolist())
        lists = [inner[start:end] for start, end in slices]
        return lists if column.null_count == 0 else _known(column, lists)
    return list(column.to_pylist())


def _texts(column: pa.Array) -> list[str | None]:
    found = column.dictionary_encode()
    words = np.array([*found.dictionary.to_pylist(), None], dtype=object)
    return list(words[pc.fill_null(found.indices, len(words) - 1).to_numpy()].tolist())


def _known(column: pa.Array, values: list[Any]) -> list[Any]:
    known = column.is_valid().to_pylist()
    return [value if is_known else None for value, is_known in zip(values, known, strict=True)]


def _keep(connection: Connection, name: str, content: bytes) -> None:
    if connection.scalar(select(codings.c.name).where(codings.c.name == name)) is None:
        connection.execute(insert(codings).values(name=name, content=content))


def _kept(connection: Connection, name: str) -> bytes:
    content = connection.scalar(select(codings.c.content).where(codings.c.name == name))
    if content is None:
        raise _damaged(f"its {name} is missing")
    return bytes(content)


def _compressor(dictionary: bytes) -> zstandard.ZstdCompressor:
    made = zstandard.ZstdCompressionDict(dictionary)
    made.precompute_compress(level=LEVEL)
    return zstandard.ZstdCompressor(level=LEVEL, dict_data=made, write_checksum=True)


def _packed(compressor: zstandard.ZstdCompressor, contents: Sequence[bytes]) -> list[bytes]:
    if not contents:
        return []
    packed = compressor.multi_compress_to_buffer(list(contents))  # other threads go on meanwhile
    return [packed[place].tobytes() for place in range(len(packed))]


def _unpacked(connection: Connection, content: bytes) -> bytes:
    try:
        frame = zstandard.get_frame_parameters(content)
        if frame.content_size > LARGEST:  # else as much memory would be asked for
            raise zstandard.ZstdError(f"it says that it holds {frame.content_size:,} bytes")
        number = frame.dict_id
        return _decompressor(connection, number).decompress(content)
    except zstandard.ZstdError as error:
        raise _damaged(str(error)) from None


def _decompressor(connection: Connection, number: int) -> zstandard.ZstdDecompressor:
    """The thread's own: two threads cannot use one at the same time."""
    found: zstandard.ZstdDecompressor | None = _OF_THREAD.__dict__.get(str(number))
    if found is None:
        name = f"dictionary {number}"
        dictionary = (
            _CODINGS.get(name, lambda: zstandard.ZstdCompressionDict(_kept(connection, name)))
            if number
            else None
        )
        found = zstandard.ZstdDecompressor(dict_data=dictionary)
        _OF_THREAD.__dict__[str(number)] = found
    return found


def _damaged(why: str) -> StoreError:
    return StoreError(
        f"A card in the store is damaged ({why}): restore the store from its copy, or remove it "
        "and publish again."
    )
