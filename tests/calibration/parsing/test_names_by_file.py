"""Names of cameras from the files that hold one each."""

from pathlib import Path

import pytest
from errors import fails

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.parsing.file_names import name_by_file


@pytest.mark.parametrize(
    ('files', 'names'),
    [
        (['a/cam1.xml', 'b/cam2.xml'], ['cam1', 'cam2']),
        (['Cam0/camera.xml', 'Cam1/camera.xml'], ['Cam0', 'Cam1']),
        (['a/left.xml', 'a/right.xml', 'b/left.xml'], ['a_left', 'a_right', 'b_left']),
        (['a/cam.v1.xml'], ['cam.v1']),
    ],
)
def test_names_are_what_distinguishes_files(files, names):
    assert name_by_file([Path(file) for file in files], 'x') == names


def test_files_that_nothing_distinguishes(tmp_path):
    files = [Path('a/1.xml'), Path('a/1.yml')]
    with fails(CalibrationError, code='ambiguous', camera='a_1', file='x'):
        name_by_file(files, 'x')
