"""Talking points: what is said about an action, with the customer's own values in it.

The catalogue holds the texts with placeholders (`{next_purchase_date}`); who words a card fills
them (serving/cards/action_words.py). A point whose values are not known of a customer is left out.
"""

import re

from core.errors import did_you_mean

# What a placeholder stands for, and the field of the card it is read from.
PLACEHOLDERS = {
    "customer_name": "the customer's name",
    "owner": "who is responsible for the customer",
    "reason": "the strongest reason that raises the risk, as a sentence",
    "category": "the category that the customer most likely buys next",
    "categories": "up to three categories that the customer likely buys next",
    "new_category": "the likeliest category that the customer has not bought lately",
    "last_purchase_date": "the day of the last purchase",
    "days_since_last_purchase": "days since the last purchase, as in 31 days",
    "next_purchase_date": "the likely day of the next purchase",
    "value_at_risk": "the money at risk",
}
FOUND = re.compile(r"\{([^{}]*)\}")
BARE = re.compile(r"\[[^\[\]]*\]")


def checked(text: str) -> str:
    """The text of a point; raises ValueError for a placeholder that is not known."""
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for name in FOUND.findall(text):
        if name not in PLACEHOLDERS:
            hint = did_you_mean(name, PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is no placeholder.{hint} Known: {known}")
    if re.search(r"[{}]", FOUND.sub("", text)):
        raise ValueError(f"a brace without its other half. Known placeholders: {known}")
    if BARE.search(text):
        raise ValueError(
            f"{BARE.findall(text)[0]} would be shown as it stands. Known placeholders: {known}"
        )
    if not text.strip():
        raise ValueError("an empty text")
    return text


def shown_as_it_stands(text: str) -> str:
    """A name; raises ValueError where it has more than one line, nothing to read or a brace."""
    if re.search(r"[{}]", text):
        raise ValueError("a name has no placeholders: it is the same for every customer")
    if len(text.splitlines()) > 1 or not text.strip():
        raise ValueError("a name is one line of text")
    return text.strip()
