"""What an error says beside its sentence."""

import contextlib
import os

import pytest


@contextlib.contextmanager
def fails(kind, **fields):
    """Expect an error of a type with these attributes (``code``, ``file``, ``found`` ...).

    Yields what :func:`pytest.raises` yields.
    """
    with pytest.raises(kind) as caught:
        yield caught
    expected = {
        name: os.fspath(value) if name == 'file' else value for name, value in fields.items()
    }
    assert {name: getattr(caught.value, name) for name in fields} == expected
