"""What can go wrong between a client and a Redis server, whatever the colour."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_OF_CLUSTERS: dict[str, type[RedisError]] = {  # which redis-py before 7 tells only its own client
    "ASK": AskError,
    "CLUSTERDOWN": ClusterDownError,
    "MOVED": MovedError,
    "TRYAGAIN": TryAgainError,
}


def parser_of_errors(parse: Callable[[str], Exception]) -> Callable[[str], Exception]:
    """Make what turns a server's words into an error: those of clusters too, by their classes."""

    def parse_error(words: str) -> Exception:
        code, _, rest = words.partition(" ")
        error_class = _OF_CLUSTERS.get(code)
        return parse(words) if error_class is None else error_class(rest)

    return parse_error


def again(error: RedisError) -> RedisError:
    """Make an error like this one, for somebody else to raise: it has no traceback yet."""
    try:
        return copy(error)
    except TypeError:  # made from more than its arguments tell
        return RedisConnectionError(str(error))


def lost(error: BaseException | None = None) -> RedisConnectionError:
    """Make the error of a connection that has ended."""
    if error is None:
        return RedisConnectionError("the server has closed the connection")
    return RedisConnectionError(f"the connection is lost: {type(error).__name__}: {error}")


def without_secrets(error: RedisError) -> RedisError:
    """Give an error of connecting without what it tells of passwords.

    Before redis-py 8, Sentinels that know no primary are shown with all that their clients have.
    """
    if type(error).__name__ not in ("MasterNotFoundError", "SlaveNotFoundError"):
        return error
    return type(error)(str(error).partition(" : ")[0])


def late() -> RedisTimeoutError:
    """Make the error of an answer that does not come in time."""
    return RedisTimeoutError("the server does not answer in time")


def raised(replies: list[Any]) -> list[Any]:
    """Raise the first error among replies."""
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
    return replies


def is_outage(error: object) -> bool:
    """Tell whether a server could not be asked, or was not ready: there is no real answer."""
    return isinstance(error, RedisError) and not isinstance(error, ResponseError)


def tells_of_demotion(replies: Iterable[Any]) -> bool:
    """Tell whether the server is no primary any more, so that another one may be."""
    return ReadOnlyError in map(type, replies)


def is_forbidden(reply: object) -> bool:
    """Tell whether a server does not know a command, or not for this user."""
    return isinstance(reply, NoPermissionError) or (
        isinstance(reply, ResponseError)
        and str(reply).startswith(("unknown command", "ERR unknown"))
    )
