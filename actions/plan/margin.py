"""The margin rate for gains; none where costs and amounts may be in two currencies."""

from actions.plan.catalog import Catalog
from core.errors import CatalogError
from sources.written.currencies import may_be


def usable_margin(
    catalog: Catalog, margin_rate: float | None, currency: str | None
) -> float | None:
    """The margin rate, or None where nothing says that the amounts are in the catalogue's currency.

    `currency` is that of the amounts. Raises CatalogError where it is another than the catalogue's:
    a cost in one currency taken from a value in another is no gain.
    """
    if margin_rate is None or currency is None:
        return None
    if not may_be(currency, catalog.currency):
        raise CatalogError(
            f"The catalogue of actions has its costs in {catalog.currency} and the data its "
            f"amounts in {currency}: what an action costs cannot be weighed against what it "
            f"brings. Put the costs of your own actions in {currency} into the file that "
            f"actions.catalog names, with currency: {currency} at its top, and actions.budget in "
            "params.yaml too; or set actions.margin_rate: null, and the plan goes by value "
            "at risk, without gains."
        )
    return margin_rate
