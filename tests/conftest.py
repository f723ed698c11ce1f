"""Fixtures for all tests."""

from pathlib import Path

import pytest


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real data beside the checkout, which may not be handed on."""
    folder = Path(__file__).resolve().parents[1].parent / 'shared' / 'data'
    if not folder.is_dir():
        pytest.skip('the folder shared/data with Campus, Shelf and Panoptic is not there')
    return folder
