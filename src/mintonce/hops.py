"""Where calls are redirected to that log in by themselves: that says nothing of tokens.

An HTTP client drops what a call brought to log in with when it is led elsewhere. So the next hop
looks like a call of the API, and would name the origin for all that come after it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import ClientResponse, hdrs
from yarl import URL

_REDIRECTS = {301, 302, 303, 307, 308}


class Hops:
    """Remembers for each task where its last call was led: a client follows in the same task."""

    def __init__(self) -> None:
        self._next: WeakKeyDictionary[asyncio.Task[Any], URL] = WeakKeyDictionary()

    def note(self, response: ClientResponse) -> None:
        """Remember where an answer leads, if it leads anywhere."""
        location = response.headers.get(hdrs.LOCATION) or response.headers.get(hdrs.URI)
        task = asyncio.current_task()
        if location and task and response.status in _REDIRECTS:
            with suppress(ValueError):  # no URL: nobody goes there
                self._next[task] = response.url.join(URL(location))

    def is_next(self, url: URL) -> bool:
        """Tell whether this is where the last call of this task was led; the client asks once."""
        task = asyncio.current_task()
        led_to = self._next.pop(task, None) if task else None
        return led_to is not None and _place(led_to) == _place(url)


def _place(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.raw_host, url.port
