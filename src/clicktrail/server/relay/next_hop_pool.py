"""Connections to the next hop, shared by all clients: a message uses one, and the next message may use it again.

A connection that the next hop has closed meanwhile is replaced before it is used. One on which a message was abandoned
gets RSET before the next MAIL; one on which the data of a message was not completed is closed.
"""

import asyncio

from clicktrail.errors import RelayError
from clicktrail.server.relay.next_hop_session import NextHopConfig, NextHopSession
from clicktrail.server.relay.reply import NEXT_HOP_BUSY


class NextHopPool:
    """At most ``config.max_connections`` connections. Each that is leased must be released once.

    Attributes:
        waiting_count: messages that wait for a connection.
    """

    def __init__(self, config: NextHopConfig) -> None:
        self._config = config
        self._turns = asyncio.Semaphore(config.max_connections)
        self._idle: dict[NextHopSession, asyncio.TimerHandle] = {}
        self._is_closed = False
        self.waiting_count = 0

    async def lease(self, *, is_new: bool = False) -> NextHopSession:
        """A connection for one message: the one that was released last, or a new one. Messages wait in order.

        Args:
            is_new: whether it must be a new one, which replaces one that was kept.

        Raises:
            RelayError: all connections are in use for too long, or the next hop cannot be reached.
        """
        await self._wait_for_turn()
        while self._idle:
            session, expiry = self._idle.popitem()
            expiry.cancel()
            if session.is_usable and not is_new:
                return session
            _close(session)
        try:
            return await NextHopSession.open(self._config)
        except BaseException:
            self._turns.release()
            raise

    def release(self, session: NextHopSession) -> None:
        """Keep a leased connection for the next message, unless it is used up."""
        self._turns.release()
        if not session.is_usable or self._is_closed or session.message_count >= self._config.max_messages:
            _close(session)
            return
        loop = asyncio.get_running_loop()
        self._idle[session] = loop.call_later(self._config.max_idle_s, self._expire, session)

    def close(self) -> None:
        """Send QUIT on the connections that are not leased, and on the others once they are released."""
        self._is_closed = True
        for session in tuple(self._idle):
            self._expire(session)

    async def _wait_for_turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()  # at once
            return
        self.waiting_count += 1
        try:
            async with asyncio.timeout(self._config.max_wait_s):
                await self._turns.acquire()
        except TimeoutError as error:
            raise RelayError(
                f"all {self._config.max_connections} connections to the next hop are in use",
                reply_code=NEXT_HOP_BUSY.code,
                reply_text=NEXT_HOP_BUSY.text,
                hint="relay.next_hop_connections allows more",
            ) from error
        finally:
            self.waiting_count -= 1

    def _expire(self, session: NextHopSession) -> None:
        self._idle.pop(session).cancel()
        _close(session)


def _close(session: NextHopSession) -> None:
    if session.is_usable:
        session.quit()
    else:
        session.abort()
