"""Path parameters that Starlette's own kinds do not take."""

from starlette.convertors import Convertor, register_url_convertor

ANYTHING = "anything"


class Anything(Convertor[str]):
    """The whole rest of the path, line breaks too: ids are what companies make them.

    Starlette's `path` stops before a line break at the end, and would find another customer.
    """

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(ANYTHING, Anything())
