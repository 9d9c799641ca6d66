"""A zoo of made-up companies: the whole pipeline on each, and what must hold for all of them."""
