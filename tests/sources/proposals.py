"""Proposals for tables at hand, without files."""

from pathlib import Path

from sources.proposing.proposal import propose
from sources.proposing.questions import Answers
from sources.proposing.seen import Seen


def proposed(frame, given=None, name="file1.csv"):
    """The proposal for one table, and the keys of the questions that were put."""
    answers = Answers(given)
    frames = {name: frame} if not isinstance(frame, dict) else frame
    seen = [Seen(address, cells, len(cells)) for address, cells in frames.items()]
    return propose(Path("mydata"), seen, answers), answers


def taken(proposal):
    """The column or expression that each column of the contract is made of."""
    return {chosen.target: chosen.source for chosen in proposal.plans[0].chosen}
