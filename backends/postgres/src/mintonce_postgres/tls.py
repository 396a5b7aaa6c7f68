"""Which file of the settings for TLS is of no use: the error of the system does not say."""

from __future__ import annotations

import os
import ssl
from urllib.parse import parse_qsl, urlsplit

_CHECKING = frozenset({"require", "verify-ca", "verify-full"})


def useless_file(dsn: str) -> str | None:
    """Return the option whose file cannot be read, or does not hold what it should."""
    options = dict(parse_qsl(urlsplit(dsn).query))

    def said(name: str) -> str:
        return options.get(name) or os.environ.get(f"PG{name.upper()}", "")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for name in ("sslrootcert", "sslcrl"):
        try:
            if said(name) and said("sslmode") in _CHECKING:  # otherwise the driver looks at neither
                context.load_verify_locations(said(name))
        except OSError:
            return name
    try:
        if said("sslcert"):
            password = options.get("sslpassword", "")
            context.load_cert_chain(said("sslcert"), said("sslkey") or None, lambda: password)
    except OSError:
        return "sslcert, or of sslkey,"
    return None
