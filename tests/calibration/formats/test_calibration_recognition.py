"""No file is taken for a calibration that it is not."""

import json

from errors import fails
from no_calibrations import other_files

from mmpose_ours.calibration import FORMATS, CalibrationError, recognise_format
from mmpose_ours.calibration.parsing.source import Source
from mmpose_ours.calibration.unknown_format import _NEEDS, EXAMPLE, closest_formats


def test_files_of_other_purposes_are_no_calibrations(tmp_path):
    for path in other_files(tmp_path, 500):
        with fails(CalibrationError, code='file-format', file=path):
            recognise_format(path)


def save(tmp_path, content):
    path = tmp_path / 'x.json'
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_error_says_what_was_found_and_what_comes_near(tmp_path):
    eye = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    path = save(tmp_path, {'cam0': {'K': eye, 'dist': [0] * 5}, 'cam1': {'K': eye}})
    with fails(CalibrationError, code='file-format', file=path) as caught:
        recognise_format(path)
    (found,) = caught.value.found
    assert 'JSON' in found and 'cam0' in found and 'K (3x3 numbers)' in found
    nearest = closest_formats(Source(path))[0]
    assert nearest.format == 'krt' and len(nearest.lacks) == 2
    path = save(tmp_path, 'title = "x"\n[cam_0]\nmatrix = [[1]]\nname = "a"\nsize = [1, 2]\n')
    nearest = closest_formats(Source(path))[0]
    assert nearest.format == 'anipose'
    assert nearest.lacks == ('distortions', 'rotation', 'translation')
    path = save(tmp_path, {'cameras': [{'name': 'a', 'K': 1, 'R': 2, 't': 3, 'resolution': 4}]})
    nearest = {one.format: one.lacks for one in closest_formats(Source(path))}
    assert nearest['panoptic'] == ('distCoef',)


def test_the_example_is_read(tmp_path):
    from mmpose_ours.calibration.api import read_calibration

    read = read_calibration(save(tmp_path, EXAMPLE), unit='m', up='z')
    assert read.rig.names == ('cam1',) and read.rig['cam1'].size == (1280, 720)
    assert read.rig['cam1'].center_w.tolist() == [0, -4000, 1500]


def test_needs_are_of_formats_that_exist():
    assert set(_NEEDS) <= set(FORMATS)
