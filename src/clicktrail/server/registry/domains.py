"""Tables of tracking domains and their states."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, select, text, update

from clicktrail.model.tracking_domain import DomainCheckResult, DomainState, RegisteredDomain, TrackingDomain
from clicktrail.server.registry.database import Database
from clicktrail.server.registry.tables import EpochMilliseconds, domain_states, domains

_UPSERT_DOMAIN = text(
    "INSERT INTO domains (host, site, esp, region, target, added_at)"
    " VALUES (:host, :site, :esp, :region, :target, :added_at)"
    " ON CONFLICT (host) DO UPDATE SET site = excluded.site, esp = excluded.esp, region = excluded.region,"
    " target = excluded.target, removed_at = NULL"
).bindparams(bindparam("added_at", type_=EpochMilliseconds))
"""One statement, which SQLite and PostgreSQL both have: of two concurrent ones, neither fails."""


class SqlDomains:
    """The port `Domains`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, domain: RegisteredDomain) -> None:
        """Store a domain; of a stored one, keep time of addition and results of checks."""
        row = {
            "host": domain.host,
            "site": msgspec.json.encode(domain.site).decode(),
            "esp": domain.esp,
            "region": domain.region,
            "target": domain.target,
            "added_at": domain.added_at,
        }
        await self._database.run(lambda connection: connection.execute(_UPSERT_DOMAIN, row))

    async def find(self, host: str) -> RegisteredDomain | None:
        """One domain; None if it was never added."""
        statement = _select_domains().where(domains.c.host == host)
        row = await self._database.read(lambda connection: connection.execute(statement).first())
        return _build_domain(row) if row else None

    async def list_all(self) -> list[RegisteredDomain]:
        """All domains by host name."""
        statement = _select_domains().order_by(domains.c.host)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [_build_domain(row) for row in rows]

    async def record_check(self, host: str, result: DomainCheckResult) -> None:
        """Store the result of a check, in a new state if status or code have changed."""
        await self._database.run(lambda connection: _record_check(connection, host, result))

    async def list_states(self, host: str) -> list[DomainState]:
        """All states, the oldest first."""
        statement = select(domain_states).where(domain_states.c.host == host).order_by(domain_states.c.since)
        rows = await self._database.read(lambda connection: connection.execute(statement).all())
        return [DomainState(since=row.since, status=row.status, code=row.code, next_step=row.next_step) for row in rows]

    async def remove(self, host: str, *, at: datetime) -> None:
        """Mark a domain as removed."""
        statement = update(domains).where(domains.c.host == host).values(removed_at=at)
        await self._database.run(lambda connection: connection.execute(statement))

    async def delete(self, host: str) -> None:
        """Delete a domain and its states."""
        statement = delete(domains).where(domains.c.host == host)
        await self._database.run(lambda connection: connection.execute(statement))


def _select_domains() -> Select[tuple[object, ...]]:
    """Each domain with its latest state, if any."""
    latest = select(domain_states.c.host, func.max(domain_states.c.since).label("since")).group_by(domain_states.c.host)
    latest_state = latest.subquery()
    return (
        select(domains, domain_states.c.since, domain_states.c.status, domain_states.c.code, domain_states.c.next_step)
        .outerjoin(latest_state, latest_state.c.host == domains.c.host)
        .outerjoin(
            domain_states,
            (domain_states.c.host == latest_state.c.host) & (domain_states.c.since == latest_state.c.since),
        )
    )


def _build_domain(row: Row[tuple[object, ...]]) -> RegisteredDomain:
    state = None
    if row.since is not None:
        state = DomainState(since=row.since, status=row.status, code=row.code, next_step=row.next_step)
    return RegisteredDomain(
        site=msgspec.json.decode(row.site, type=TrackingDomain),
        added_at=row.added_at,
        esp=row.esp,
        region=row.region,
        target=row.target,
        removed_at=row.removed_at,
        checked_at=row.checked_at,
        verified_at=row.verified_at,
        gone_since=row.gone_since,
        certificate_ends_at=row.certificate_ends_at,
        state=state,
    )


def _record_check(connection: Connection, host: str, result: DomainCheckResult) -> None:
    row = connection.execute(_select_domains().where(domains.c.host == host)).first()
    if row is None:
        return
    domain, state = _build_domain(row), result.state
    gone_since = domain.gone_since
    if result.is_gone is not None:
        gone_since = (gone_since or state.since) if result.is_gone else None
    connection.execute(
        update(domains)
        .where(domains.c.host == host)
        .values(
            checked_at=state.since,
            verified_at=domain.verified_at or (state.since if result.is_verified else None),
            gone_since=gone_since,
            certificate_ends_at=result.certificate_ends_at,
        )
    )
    previous = domain.state
    if previous and ((previous.status, previous.code) == (state.status, state.code) or previous.since >= state.since):
        is_latest = (domain_states.c.host == host) & (domain_states.c.since == previous.since)
        values = {"status": state.status, "code": state.code, "next_step": state.next_step}
        connection.execute(update(domain_states).where(is_latest).values(values))
        return
    connection.execute(insert(domain_states), {"host": host, **msgspec.structs.asdict(state)})
