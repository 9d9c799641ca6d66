"""A table as Markdown, whatever text stands in its cells."""

from collections.abc import Iterable, Sequence

from serving.wording.sentences import upper_first


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The lines of a table; the names of its columns begin with a capital."""
    lines = [[upper_first(name) for name in head], ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
