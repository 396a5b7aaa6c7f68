"""An authorization server by others: Authlib on Flask, served by Werkzeug with TLS."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from flask import Flask, request
from werkzeug.serving import make_server


@dataclass
class Client(ClientMixin):  # type: ignore[misc] # Authlib brings no types
    """What Authlib asks of a registered client."""

    client_id: str
    secret: str
    auth_method: str
    scopes: frozenset[str] = frozenset({"read", "write"})

    def get_allowed_scope(self, scope: str) -> str:
        """The part of the scope that this client may have."""
        return " ".join(part for part in scope.split() if part in self.scopes)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether that is the secret."""
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether the client was registered with that method."""
        return endpoint == "token" and method == self.auth_method

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client may use that grant."""
        return grant_type == "client_credentials"


class Grant(ClientCredentialsGrant):  # type: ignore[misc] # Authlib brings no types
    """The grant, for clients with a secret, and for one API only."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def validate_token_request(self) -> None:
        """Check what Authlib checks, and that an API is named the way Auth0 wants it."""
        super().validate_token_request()
        if request.form.get("audience") != "https://api.example.com":
            raise InvalidRequestError("audience must be https://api.example.com")


@dataclass
class Server:
    """The server, and what it did.

    Attributes:
        url: Its token endpoint.
        issued: The token responses that it sent.

    """

    url: str
    issued: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@contextmanager
def serving(tls: ssl.SSLContext, *clients: Client) -> Iterator[Server]:
    """Run the server in a thread of its own."""
    app = Flask(__name__)
    known = {client.client_id: client for client in clients}
    server = Server("")
    authlib = AuthorizationServer(
        app, query_client=known.get, save_token=lambda token, _: server.issued.append(dict(token))
    )
    authlib.register_grant(Grant)
    authlib.scopes_supported = ["read", "write"]
    app.post("/oauth/token")(authlib.create_token_response)
    http = make_server("127.0.0.1", 0, app, ssl_context=tls)
    server.url = f"https://127.0.0.1:{http.server_port}/oauth/token"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
