"""Where tokens come from: client credentials, and what any other source has to do."""

from mintonce.credentials.client_credentials import ClientCredentials
from mintonce.credentials.source import (
    DerivableSource,
    MeteredSource,
    PreparingSource,
    RotatingSource,
    TokenSource,
)

__all__ = [
    "ClientCredentials",
    "DerivableSource",
    "MeteredSource",
    "PreparingSource",
    "RotatingSource",
    "TokenSource",
]
