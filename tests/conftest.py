"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[1].parent / 'shared' / 'data'


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real data, which may not be handed on; CONTRIBUTING says what lies there."""
    folder = Path(os.environ.get('MMPOSE_OURS_TEST_DATA', BESIDE_THE_CHECKOUT))
    if not folder.is_dir():
        pytest.skip(f'no folder {folder.name} with Campus, Shelf and Panoptic; see CONTRIBUTING')
    return folder
