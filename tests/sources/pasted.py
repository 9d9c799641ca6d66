"""What a message says to paste into params.yaml, pasted."""

import re

import yaml

from sources.params import SourceParams


def lines(message):
    """Every `section: {…}` that the message holds, as (section, value), in order."""
    found = []
    for match in re.finditer(r"\b(columns|derive|filter): (?=\{)", message):
        depth, quoted, at = 0, False, match.end()
        while True:
            letter = message[at]
            at += 2 if quoted and letter == "\\" else 1
            if letter == '"':
                quoted = not quoted
            elif not quoted:
                depth += {"{": 1, "}": -1}.get(letter, 0)
            if depth == 0:
                break
        found.append((match[1], yaml.safe_load(message[match.end() : at])))
    return found


def paste(params, message, which=0):
    """The params with one of the message's lines in the place of the section that was there."""
    section, value = lines(message)[which]
    return SourceParams(**(params.model_dump() | {section: value}))
