"""What a 401 asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintonce.challenges import wants_new_token

RENEWS = [
    [],
    ["Bearer"],
    ['bearer realm="api"'],
    ['Bearer error="invalid_token"'],
    ["Bearer error=invalid_token, error_description=gone"],
    ['Bearer realm="a, \\"b\\", Basic", error = "invalid_token"'],
    ['Basic realm="x", Bearer error="invalid_token"'],
    ["Negotiate YI/+I==", 'Bearer error="invalid\\_token"'],
    ["Basic, Bearer"],
    ['Bearer realm="api" error="invalid_token" error_description="gone"'],
    ['Bearer realm="error=invalid_request"'],
    ['Bearer realm="' + '\\"' * 100_000],  # read once, or it would take minutes
]
KEEPS = [
    ['Bearer error="insufficient_scope", scope="a b"'],
    ['Bearer realm="invalid_token", error="invalid_request"'],
    ['Basic realm="Bearer"'],
    ['DPoP algs="ES256", error="invalid_token"'],
    ["Negotiate YI/+I=="],
    ['Bearer realm="api" error="insufficient_scope"'],
    ["Bearer error =insufficient_scope"],
]


@pytest.mark.parametrize("fields", RENEWS)
def test_a_401_that_another_token_may_cure(fields: list[str]) -> None:
    """It names invalid_token, or nothing; other answers never do."""
    assert wants_new_token(401, fields)
    assert not any(wants_new_token(status, fields) for status in (200, 302, 400, 403, 407, 500))


@pytest.mark.parametrize("fields", KEEPS)
def test_a_401_that_no_token_cures(fields: list[str]) -> None:
    """Another error, or another scheme."""
    assert not wants_new_token(401, fields)


@given(st.lists(st.text()))
def test_any_field_can_be_read(fields: list[str]) -> None:
    """Whatever an API says, the answer is yes or no."""
    assert wants_new_token(401, fields) in (True, False)


@given(st.text(alphabet=' ,"\\=abB', max_size=40), st.sampled_from(["invalid_token", "other"]))
def test_the_error_is_found_wherever_it_stands(realm: str, error: str) -> None:
    """After a parameter whose text has commas, quotes and names of schemes in it."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    field = f'Basic realm="{quoted}", Bearer realm="{quoted}", error="{error}"'
    assert wants_new_token(401, [field]) == (error == "invalid_token")
