"""docs/decisions/README.md: every decision in the order of its number, with what it costs."""

import re
from pathlib import Path

DECISIONS = Path("docs/decisions")
INDEX = DECISIONS / "README.md"


def decision_index(root: Path) -> str:
    """The index page: title, first sentence of the choice, first sentence of the downsides."""
    lines = [
        "# Decisions",
        "",
        "Choices that somebody may want to undo, in the order in which they were made. Each page",
        "says what was chosen, why, and what it costs. Written by `make docs`: the columns are the",
        "first line of a page, and the first sentences of its choice and of its downsides.",
        "",
        "| | decision | in one sentence | its first downside |",
        "|---|---|---|---|",
    ]
    for page in decision_pages(root):
        text = page.read_text(encoding="utf-8")
        number, title = re.match(r"# (\d+)\. (.+)", text).groups()
        lines.append(
            f"| {number} | [{title}]({page.name}) | {first_sentence(text, 'Choice')} | "
            f"{first_sentence(text, 'Downsides')} |"
        )
    return "\n".join(lines) + "\n"


def decision_pages(root: Path) -> list[Path]:
    """The pages in numeric order; their names begin with four digits."""
    return sorted((root / DECISIONS).glob("[0-9][0-9][0-9][0-9]-*.md"))


def first_sentence(text: str, part: str) -> str:
    """The first sentence of a part that begins with its name in bold; empty without the part."""
    match = re.search(rf"^\*\*{part}\.\*\* (.+?\.)(?=\s)", text + "\n", re.MULTILINE | re.DOTALL)
    return " ".join(match[1].split()) if match else ""
