"""Several files that make one table of purchases together: a query over them, as SQL of DuckDB.

orders.csv   order, customer, date          joined by the order's number, which
items.csv    order, product, price          stands once in one and often in the other
"""

from dataclasses import dataclass, field

from sources.cures import named
from sources.formats.opening import MARK
from sources.formats.signatures import stem
from sources.meanings.column_names import plain_name
from sources.proposing.kinds_of_table import recognise
from sources.proposing.naming import BY_WORD, by_name
from sources.proposing.ranking import has_money, ranked
from sources.proposing.seen import Chosen, Seen

MOST_FILES = 30  # of more, which belong together is for people to say
SHARED = 0.5  # share of the numbers of the lines that are among those of the orders, in samples


@dataclass
class Joined:
    """A query of the orders over several files, which are tables named after their stems."""

    name: str
    addresses: list[str]
    query: str
    chosen: list[Chosen] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def joined(tables: list[Seen]) -> Joined | None:
    """The query that makes orders of several files; None where one file holds them."""
    if not 2 <= len(tables) <= MOST_FILES:
        return None
    return _olist(tables) or _with_lines(tables)


def _olist(tables: list[Seen]) -> Joined | None:
    orders = _having(tables, "order_id", "customer_id", "order_purchase_timestamp")
    items = _having(tables, "order_id", "order_item_id", "product_id", "price")
    people = _having(tables, "customer_id", "customer_unique_id")
    if not (orders and items and people):
        return None
    products = _having(tables, "product_id", "product_category_name")
    used = [orders, items, people, *([products] if products else [])]
    category = "p.product_category_name AS category, " if products else ""
    query = (
        "SELECT c.customer_unique_id AS customer_id, o.order_id, i.order_item_id AS line_id, "
        "o.order_purchase_timestamp AS event_time, i.price AS amount, i.product_id AS product, "
        f"{category}o.order_status FROM {table_name(orders)} AS o "
        f"JOIN {table_name(items)} AS i USING (order_id) "
        f"JOIN {table_name(people)} AS c USING (customer_id)"
    )
    if products:
        query += f" LEFT JOIN {table_name(products)} AS p USING (product_id)"
    return Joined(
        "Olist: orders, items and customers",
        [seen.address for seen in used],
        query,
        [
            Chosen(
                "customer_id",
                "customer_unique_id",
                "customer_id is new at every order; customer_unique_id stays with the person",
                people.contents["customer_unique_id"].shows(""),
            ),
            Chosen(
                "event_time",
                "order_purchase_timestamp",
                "when it was bought; the other times come later",
                orders.contents["order_purchase_timestamp"].shows("time"),
            ),
            Chosen(
                "amount",
                "price",
                "the price of each item, without freight",
                items.contents["price"].shows("number"),
            ),
        ],
    )


def _with_lines(tables: list[Seen]) -> Joined | None:
    """Orders with customer and time in one file, and their lines with money in another."""
    found = []
    for head in tables:
        if recognise(head).export or not any(c.is_time for c in head.contents.values()):
            continue
        time, order, customer = (
            _best(head, column) for column in ("event_time", "order_id", "customer_id")
        )
        if not (time and order and customer) or head.contents[order].different < 1:
            continue
        for lines in tables:
            key = _key(head, order, lines)
            if lines is not head and key and has_money(lines) and not has_money(head):
                found.append((head, lines, time, order, customer, key))
    if len(found) != 1:
        return None
    head, lines, time, order, customer, key = found[0]
    parts = [
        f"o.{named(customer)} AS customer_id",
        f"o.{named(order)} AS order_id",
        f"o.{named(time)} AS event_time",
    ]
    chosen = [
        Chosen("customer_id", customer, f"its name, in {head.address}"),
        Chosen("event_time", time, f"its name, in {head.address}"),
    ]
    quantity, price = _best(lines, "quantity"), _priced(lines)
    total = _best(lines, "amount")
    product = _best(lines, "product")
    if total and total != price:
        money, why = f"l.{named(total)}", f"its name, in {lines.address}"
    elif quantity and price:
        money = f"l.{named(quantity)} * l.{named(price)}"
        why = f"no column of {lines.address} holds the money of a line"
    else:
        money, why = f"l.{named(price or total or '')}", f"the only money in {lines.address}"
    parts.append(f"{money} AS amount")
    chosen.append(Chosen("amount", money.replace("l.", ""), why))
    for target, name in (("quantity", quantity), ("product", product)):
        if name:
            parts.append(f"l.{named(name)} AS {target}")
    status = next((n for n in head.names if by_name(n, "status")), None)
    if status:
        parts.append(f"o.{named(status)}")
    query = (
        f"SELECT {', '.join(parts)} FROM {table_name(head)} AS o JOIN {table_name(lines)} AS l "
        f"ON o.{named(order)} = l.{named(key)}"
    )
    said = [f"joined by the order's number: {order} of {head.address}, {key} of {lines.address}"]
    name = f"orders ({head.address}) and their lines ({lines.address})"
    return Joined(name, [head.address, lines.address], query, chosen, said)


def _having(tables: list[Seen], *columns: str) -> Seen | None:
    wanted = {plain_name(column) for column in columns}
    return next((s for s in tables if wanted <= {plain_name(n) for n in s.names}), None)


def table_name(seen: Seen) -> str:
    """How the query calls a file: by its stem, a sheet by both."""
    book, *sheet = seen.address.rsplit("/", 1)[-1].split(MARK)
    return named("_".join([stem(book), *sheet]))


def _best(seen: Seen, column: str) -> str | None:
    ways = ranked(column, "orders", seen, None)
    return ways[0][1] if ways and ways[0][0] > BY_WORD else None


def _priced(seen: Seen) -> str | None:
    return next(
        (n for n in seen.names if by_name(n, "unit_price") and seen.contents[n].is_number), None
    )


def _key(head: Seen, order: str, lines: Seen) -> str | None:
    """The column of the lines with the order's number: of the same name, or the same cells."""
    numbers = set(head.head[order].dropna().astype("str"))
    for name in lines.names:
        if plain_name(name) == plain_name(order) or by_name(name, "order_id", "orders") > BY_WORD:
            cells = lines.head[name].dropna().astype("str")
            if (
                len(cells)
                and lines.contents[name].different <= 1
                and cells.isin(numbers).mean() >= SHARED
            ):
                return name
    return None
