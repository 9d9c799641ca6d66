"""The finding on shops with one season a year, between whose seasons every customer is silent."""

from features.planning.horizons import YEAR
from features.planning.profile import Profile
from features.usability.finding import Finding
from sources.notes import Said

YEARLY = "yearly_rhythm"  # the check that the plan asks about


def yearly_rhythm(rhythm: Profile, horizon_days: int) -> list[Finding]:
    """A warning where nearly all purchases fall into the same few months of each year."""
    season = rhythm.season
    if season is None:
        return []
    what_to_do = (
        f"Set task.horizon_days to {YEAR}, as auto does where the history carries it."
        if horizon_days < YEAR
        else "Read the risk as the chance that a customer stays away for the whole next season."
    )
    return [
        Finding(
            YEARLY,
            "warning",
            "orders",
            "event_time",
            rhythm.purchases,
            f"{season.share:.0%} of the purchases fall into {season.months} months of the year "
            f"({season.name}): for the rest of it everybody is silent, and a horizon shorter than "
            f"a year calls that a loss. The horizon is {horizon_days} days.",
            f"{what_to_do} Whoever came to the last season gets no offer from the plan until the "
            "next one is near (usual_pause).",
            said=Said(
                "yearly_rhythm.short" if horizon_days < YEAR else "yearly_rhythm",
                share=season.share,
                months=season.months,
                horizon_days=horizon_days,
                year=YEAR,
            ),
        )
    ]
