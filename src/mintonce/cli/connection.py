"""Which token is meant and where it is kept: the options that four commands share."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import reduce, wraps
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from mintonce import Budget, ClientCredentials, Token, TokenManager, UsageError
from mintonce.cli.options import Allowance, allowance, option, pair
from mintonce.cli.places import state_directory
from mintonce.cli.secret import VARIABLE, read_client_secret
from mintonce.credentials.authentication import AUTH_METHODS
from mintonce.stores import TokenStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The options, as they were given; see their help texts."""

    token_url: str
    client_id: str
    client_secret_file: str | None
    audience: str | None
    scope: tuple[str, ...]
    resource: tuple[str, ...]
    extra: tuple[tuple[str, str], ...]
    auth_method: str
    store: str | None
    budget: tuple[Allowance, ...]
    budget_name: str | None
    refresh_ahead: float
    mint_timeout: float

    @property
    def store_url(self) -> str:
        """Where the tokens are kept.

        Raises:
            UsageError: It was not said, and this user has no place for it.

        """
        return self.store or state_directory().as_uri()

    def place(self, store: TokenStore) -> str:
        """Say for people, in one line, where this store of ours keeps the tokens: no password."""
        url = urlsplit(self.store_url)
        if url.scheme in {"file", "memory"}:
            return url.geturl()
        # What a store of somebody else tells of itself may be the URL as it is.
        is_own = type(store).__module__.startswith("mintonce")
        return repr(store) if is_own else f"{url.scheme}:"

    @property
    def budgets(self) -> list[Budget]:
        """What token requests may be sent.

        Raises:
            UsageError: They have a name, but there are none.

        """
        if self.budget_name is not None and not self.budget:
            raise UsageError("--budget-name names the count of a budget: give --budget as well")
        return [Budget(one.limit, per=one.per, name=self.budget_name) for one in self.budget]

    def token(self, min_validity: float = 0.0) -> Token:
        """Get a token from the store, or mint one.

        Raises:
            MintonceError: As `TokenManager.get`, or there is no client secret.

        """
        # Also where it will not be needed: a request that fails for want of a secret would make
        # everybody wait who shares the store. And before a loop runs: under a loop the first Ctrl-C
        # cancels a task, which does not end a look at standard input.
        secret = read_client_secret(self.client_secret_file)
        return asyncio.run(_get(self.manager(self._credentials(secret)), min_validity))

    @property
    def source(self) -> ClientCredentials:
        """Credentials without a secret, which can name a token and not mint one."""
        return self._credentials(_no_secret)

    def manager(self, source: ClientCredentials, store: TokenStore | None = None) -> TokenManager:
        """Return a manager of the token of this source; without a store it opens its own."""
        return TokenManager(
            source,
            store=self.store_url if store is None else store,
            budget=self.budgets,
            refresh_ahead=self.refresh_ahead,
            mint_timeout=self.mint_timeout,
            # A command lives for one token, so minting without a store would mint at each call.
            without_store="fail",
        )

    def _credentials(self, secret: str | Callable[[], str]) -> ClientCredentials:
        return ClientCredentials(
            token_url=self.token_url,
            client_id=self.client_id,
            client_secret=secret,
            audience=self.audience,
            scope=self.scope,
            resource=self.resource,
            extra=dict(self.extra),
            auth_method=self.auth_method,
        )


async def _get(tokens: TokenManager, min_validity: float) -> Token:
    async with tokens:
        return await tokens.get(min_validity=min_validity)


def _no_secret() -> NoReturn:
    raise UsageError("this command sends no token request")


def _named(_: click.Context, option: click.Parameter, store: str | None) -> str | None:
    # An empty variable is none to click. A script whose own variable is not set must not count in
    # another store for that, and without a word.
    if store == "" or (store is None and option.envvar in os.environ):
        raise click.BadParameter("it is empty; leave it away for the directory of this user")
    return store


_OPTIONS = (
    option("--token-url", required=True, metavar="URL", help="Where tokens are minted."),
    option("--client-id", required=True, metavar="ID", help="The name of the client."),
    option(
        "--client-secret-file",
        metavar="PATH",
        help=f"A file that holds the client secret; - is standard input. Without it the secret is"
        f" taken from the environment variable {VARIABLE}.",
    ),
    option("--audience", metavar="NAME", help="The API that the token is for."),
    option("--scope", multiple=True, metavar="SCOPE", help="What it is to allow; repeatable."),
    option("--resource", multiple=True, metavar="URI", help="As RFC 8707 has it; repeatable."),
    option(
        "--extra",
        multiple=True,
        type=pair,
        metavar="NAME=VALUE",
        help="A further parameter of the token request; repeatable.",
    ),
    option(
        "--auth-method",
        type=click.Choice(list(AUTH_METHODS)),
        default="client_secret_post",
        show_default=True,
        help="Where the secret goes.",
    ),
    option(
        "--store",
        callback=_named,
        metavar="URL",
        help="Where tokens are kept and counted, such as file:///var/lib/tokens. Without it in a"
        " directory of this user: $XDG_STATE_HOME/mintonce or ~/.local/state/mintonce,"
        " ~/Library/Application Support/mintonce on macOS, %LOCALAPPDATA%\\mintonce on Windows.",
    ),
    option(
        "--budget",
        multiple=True,
        type=allowance,
        metavar="COUNT/WINDOW",
        help="Token requests that are allowed in each UTC hour, day or month (1000/month), or in"
        " any period (10/8h; s, m, h, d); repeatable. The variable of what is repeatable is split"
        " at spaces.",
    ),
    option(
        "--budget-name",
        metavar="NAME",
        help="Count together with all who use this name, where the server counts by tenant.",
    ),
    option(
        "--refresh-ahead",
        type=float,
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="Mint so long before the token expires, at most a tenth of its lifetime.",
    ),
    option(
        "--mint-timeout",
        type=float,
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="Wait so long for the answer to a token request.",
    ),
)

_verbose = option("--verbose", "-v", is_flag=True, help="Tell on standard error what is done.")


def connected(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, and its function a `Connection` made of them."""
    names = [field.name for field in fields(Connection)]

    @wraps(function)
    def command(*, verbose: bool, **options: Any) -> None:
        _log(verbose=verbose)
        function(Connection(**{name: options.pop(name) for name in names}), **options)

    return reduce(lambda made, add: add(made), reversed((*_OPTIONS, _verbose)), command)


def _log(*, verbose: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("mintonce: %(message)s"))
    logger = logging.getLogger("mintonce")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
