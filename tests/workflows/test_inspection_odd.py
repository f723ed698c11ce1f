"""Files and folders that are sent on purpose: deep folders, and poses with one wrong value."""

import json
import os
import subprocess

import numpy as np
import pytest

from mmpose_ours.cli.main import main
from mmpose_ours.predictions.writing import write_predictions
from mmpose_ours.workflows.inspection import POSES, inspect_path


@pytest.fixture
def deep_folder(tmp_path):
    """A folder in a folder in a folder, deeper than Python calls functions."""
    folder = tmp_path / 'deep'
    folder.mkdir()
    place = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir('d', dir_fd=place)
        inner = os.open('d', os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    yield folder
    subprocess.run(['rm', '-rf', folder], check=True)  # shutil.rmtree calls itself, too


def test_a_deep_folder_is_looked_through(deep_folder, tmp_path):
    assert list(inspect_path(deep_folder).findings) == []
    assert main(['keypoints', str(deep_folder), str(tmp_path / 'out.json')]) == 2


@pytest.mark.parametrize(
    'change',
    [{'fps': 1e308}, {'frames': {'0': [[[1e17, 0, 0]] * 17]}}, {'unit': None}],
    ids=['fps', 'coordinate', 'no unit'],
)
def test_poses_with_a_fault_are_not_taken_for_keypoints(tmp_path, change):
    file = tmp_path / 'people.json'
    write_predictions(file, {0: np.zeros((1, 17, 3))})
    data = {**json.loads(file.read_text()), **change}
    file.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))
    (finding,) = inspect_path(file).findings
    assert finding.kind == POSES and str(file) in finding.details[0]
