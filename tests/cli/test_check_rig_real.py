"""check-rig on recordings of real people."""

import json

import pytest
from broken_rigs import MISTAKES
from check_rig_command import check, sentences

from mmpose_ours.calibration import CalibrationError, read_rig, write_rig

SWAPPED = 'width and height look swapped'


REAL = {
    'pizza1': ('pizza1/camera_parameters.json', 'pizza1/pred_pizza1_openpose_coco.pkl', []),
    'shelf': (
        'shelf/calibration_shelf.json',
        'shelf/pred_shelf_openpose_coco.pkl',
        ['--image-size', '1032x776'],
    ),
}


@pytest.mark.parametrize('name', list(REAL))
def test_real_rigs_pass(shared_data, capsys, name):
    rig_file, people, extra = REAL[name]
    status, report = check(
        capsys, shared_data / rig_file, '--keypoints', shared_data / people, *extra
    )
    assert status == 0 and not report['warnings'], report['problems']


@pytest.mark.parametrize('mistake', list(MISTAKES))
@pytest.mark.parametrize('name', list(REAL))
def test_real_people_expose_each_mistake(shared_data, tmp_path, capsys, name, mistake):
    rig_file, people, extra = REAL[name]
    size = (1032, 776) if extra else None
    change, topic, words = MISTAKES[mistake]
    write_rig(change(read_rig(shared_data / rig_file, image_size=size)), tmp_path / 'rig.json',
              'campus')  # fmt: skip
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', shared_data / people)
    found = {problem['topic']: problem['sentence'] for problem in report['problems']}
    assert status == 1 and words in found[topic], found


def test_real_images_have_the_calibrated_size(shared_data, capsys):
    pizza = shared_data / 'pizza1'
    status, report = check(capsys, pizza / 'camera_parameters.json', '--images', pizza / 'images')
    assert status == 0 and report['images']['00_03'] == [1920, 1080]


def test_the_swap_of_real_sizes(shared_data, tmp_path, capsys):
    rig = read_rig(shared_data / 'pizza1' / 'camera_parameters.json')
    write_rig(rig, tmp_path / 'rig.json', 'campus')
    data = json.loads((tmp_path / 'rig.json').read_text())
    for camera in data.values():
        camera['width'], camera['height'] = camera['height'], camera['width']
    (tmp_path / 'rig.json').write_text(json.dumps(data))
    # Not only that the point is outside, but why, as the command says too.
    with pytest.raises(CalibrationError, match='look swapped') as caught:
        read_rig(tmp_path / 'rig.json')
    assert caught.value.code == 'conflict'
    assert caught.value.file == str(tmp_path / 'rig.json') and caught.value.camera == '00_00'
    status, report = check(capsys, tmp_path / 'rig.json')
    assert status == 1 and SWAPPED in sentences(report)[0]
