"""Fixtures for all tests."""

import os
import tempfile
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


@pytest.fixture(scope='session', autouse=True)
def temporary_files_among_those_of_pytest(tmp_path_factory):
    """What a process leaves in the system's temporary folder: torch's launcher leaves its logs."""
    os.environ['TMPDIR'] = str(tmp_path_factory.mktemp('TMPDIR'))
    tempfile.tempdir = None
