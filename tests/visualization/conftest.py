"""Visualization tests build from configs, as a run does."""

import pytest
from mmengine.registry import DefaultScope, init_default_scope

import mmpose_ours.registry  # noqa: F401  makes the scope known


@pytest.fixture(autouse=True)
def scope():
    """Look classes up in this package first."""
    with DefaultScope.overwrite_default_scope(None):
        init_default_scope('mmpose_ours')
        yield
