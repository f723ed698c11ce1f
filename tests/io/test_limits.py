"""Limits that the environment sets."""

import dataclasses

import pytest
from errors import fails

from mmpose_ours.errors import InputError
from mmpose_ours.io.limits import VARIABLE, Limits, limits


@pytest.mark.parametrize('part, code', [('frame=5', 'unknown-name'), ('frames=x', 'invalid-input')])
def test_what_is_no_limit_is_refused(monkeypatch, part, code):
    monkeypatch.setenv(VARIABLE, f'cameras=3 {part}')
    names = [field.name for field in dataclasses.fields(Limits)]
    with fails(InputError, code=code, found=part, expected=names):
        limits()
