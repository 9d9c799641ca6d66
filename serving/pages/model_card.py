"""The model card as HTML: what it says is text, whatever stands in it."""

from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

LOWER = {f"h{level}": f"h{min(level + 1, 6)}" for level in range(1, 7)}  # the page has its own h1


def card_html(card: str, table_name: str) -> Markup:
    """The card without its title and pictures; `table_name` names its tables, which scroll.

    HTML in it stays text, and links lead only where the rules of Markdown-it allow.
    """
    lines = [line for line in card.splitlines() if not line.startswith(("# ", "!["))]
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    opening = f'<div class="wide" tabindex="0" role="group" aria-label="{escape(table_name)}">'
    markdown.add_render_rule("table_open", _writes(f'{opening}<table class="sums">\n'))
    markdown.add_render_rule("table_close", _writes("</table></div>\n"))
    tokens = markdown.parse("\n".join(lines))
    for token in tokens:
        token.tag = LOWER.get(token.tag, token.tag)
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))


def _writes(text: str) -> Any:
    def write(_renderer: Any, _tokens: Sequence[Token], _at: int, _options: Any, _env: Any) -> str:
        return text

    return write
