"""Path parameters of a kind that Starlette does not have."""

from starlette.convertors import Convertor, register_url_convertor

ANYTHING = "anything"


class Anything(Convertor[str]):
    """The whole rest of the path, line breaks included: companies choose their ids as they like.

    Starlette's `path` stops before a line break at the end, and would find another customer.
    """

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(ANYTHING, Anything())
