"""Which columns of a ready table are its label, its customers, its dates and its money."""

from sources.contract import NUMBER, READY, TEXT, TIME, YESNO, Table
from sources.params import SourceParams

WRITTEN_ON = "written_on"  # of a raw table's attributes: the day on which its file was saved


def layout(params: SourceParams) -> Table:
    """The table as the contract would have it: the columns that params.yaml names, by type.

    Every other column is a feature, of whatever type its cells show.
    """
    kinds = {params.customer: TEXT, params.label: YESNO, params.as_of: TIME, params.value: NUMBER}
    # A column of money that is the label would be read as yes or no: params refuse it.
    columns = {name: kind for name, kind in kinds.items() if name is not None}
    key = tuple(name for name in (params.customer, params.as_of) if name is not None)
    return Table(
        name=READY,
        columns=columns,
        required=tuple(columns),
        key=key,
        time=params.as_of or "",
        missing="",
        open_ended=True,
    )
