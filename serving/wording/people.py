"""How people are named on a page and in an answer, who stand in the log by kind and name."""

from serving.wording.languages import Language
from serving.wording.sentences import sentence

USER, MACHINE = "user ", "this machine"


def person(who: str, language: Language) -> str:
    """Whom the log or a task names: a user by their name, whoever needs no key as a computer."""
    if who == MACHINE:
        return sentence("tasks.this_machine", language)
    return who.removeprefix(USER)
