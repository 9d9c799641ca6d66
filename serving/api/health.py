"""`GET /health` and `GET /ready`: whether the process runs, and whether cards can be read."""

from serving.api.asking import COMMON, Nothing, Store, api_router
from serving.cards.release import Health, Readiness
from serving.people.access import needs
from serving.people.scopes import PUBLIC
from serving.store.database import check_version
from serving.store.read_only import only_reads
from serving.store.reading import current
from serving.web.problems import documented

router = api_router("Service")


@router.get(
    "/health",
    dependencies=[needs(PUBLIC)],
    summary="The service runs",
    responses=documented(*COMMON[:3]),
)
async def get_health(_: Nothing) -> Health:
    """Succeeds for as long as the process runs; says nothing about the store."""
    return Health(status="ok")


@router.get(
    "/ready",
    dependencies=[needs(PUBLIC)],
    summary="Cards can be read",
    responses=documented("no-release", *COMMON),
)
def get_readiness(_: Nothing, store: Store) -> Readiness:
    """The store can be read, its tables are of this version, and a release is published.

    It is ready with an old release too (`stale`): a load balancer that took the service away would
    leave people with nothing, where they now have old figures that say that they are old.
    """
    check_version(store)
    release = current(store)
    return Readiness(
        status="stale" if release.is_stale else "ok",
        as_of_date=release.as_of_date,
        expires_at=release.expires_at,
        read_only=only_reads(store),
    )
