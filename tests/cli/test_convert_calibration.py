"""The command: what it writes, says and refuses."""

import json
import os
import sys

import numpy as np
import pytest
from calibration_rigs import assert_same_rig, people_points, ring_rig
from errors import fails

from mmpose_ours.calibration import (
    CalibrationError,
    convert_calibration,
    read_rig,
    write_rig,
)
from mmpose_ours.cli.main import convert_calibration as main
from mmpose_ours.cli.main import main as check_rig_main
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io import json_schema


@pytest.fixture
def panoptic_file(tmp_path):
    write_rig(ring_rig(), tmp_path / 'in.json', 'panoptic')
    return tmp_path / 'in.json'


def test_there_and_back(panoptic_file, tmp_path, capsys):
    assert main([str(panoptic_file), str(tmp_path / 'campus.json'), '--to', 'campus']) == 0
    said = capsys.readouterr().out
    assert 'panoptic' in said and 'recognised by' in said and "'cameras'" in said
    assert 'cam0 cam1 cam2 cam3' in said and str(tmp_path / 'campus.json') in said
    back = tmp_path / 'back.json'
    assert main([str(tmp_path / 'campus.json'), str(back), '--to', 'panoptic']) == 0
    rig, there = ring_rig(), read_rig(back)
    assert_same_rig(rig, there)
    np.testing.assert_allclose(
        there.project(people_points())[0], rig.project(people_points())[0], rtol=0, atol=1e-6
    )


def test_cameras_and_names(panoptic_file, tmp_path):
    out = tmp_path / 'out.json'
    command = [str(panoptic_file), str(out), '--from', 'panoptic', '--to', 'campus']
    assert main([*command, '--cameras', 'cam2', 'cam0', '--rename', 'cam2=0', 'cam0=1']) == 0
    rig = read_rig(out)
    assert rig.names == ('0', '1')
    np.testing.assert_allclose(rig['0'].center_w, ring_rig()['cam2'].center_w)


def test_names_can_be_exchanged(panoptic_file, tmp_path):
    names = {'cam0': 'cam1', 'cam1': 'cam0'}
    done = convert_calibration(
        panoptic_file, tmp_path / 'out.json', to_format='panoptic', rename=names
    )
    assert done.rig.names == ('cam1', 'cam0', 'cam2', 'cam3')


def test_image_size(tmp_path, capsys):
    write_rig(ring_rig(size=None), tmp_path / 'in.json', 'campus')
    command = [str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--to', 'panoptic']
    assert main(command) == 2
    assert "camera 'cam0' has no image size" in capsys.readouterr().err
    assert not (tmp_path / 'out.json').exists()
    assert main([*command, '--image-size', '1280x720']) == 0
    assert read_rig(tmp_path / 'out.json')['cam3'].size == (1280, 720)


@pytest.mark.parametrize(
    ('extra', 'part'),
    [
        (['--image-size', '1280'], "--image-size is '1280', expected WxH"),
        (['--image-size', '0x7'], 'expected WxH'),
        (['--rename', 'cam0'], "--rename is 'cam0', expected old=new"),
        (['--rename', 'cam0=a', 'cam0=b'], 'each old name once'),
        (['--rename', 'nope=a'], "no camera 'nope' to rename"),
        (['--rename', 'cam0=cam1'], 'repeated: cam1'),
        (['--cameras', 'nope', 'cam0'], "no camera 'nope'"),
        (['--from', 'campus'], 'looks like panoptic'),
        (['--from', 'opencv9'], "unknown format 'opencv9'"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(panoptic_file, tmp_path, capsys, extra, part):
    out = tmp_path / 'out.json'
    assert main([str(panoptic_file), str(out), '--to', 'campus', *extra]) == 2
    said = capsys.readouterr()
    assert part in said.err and said.err.count('\n') == 1 and not said.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in.json']


@pytest.mark.parametrize(
    ('target', 'fix'),
    [
        ('in.json/out.json', 'choose another folder, a file stands where one is due'),
        ('in.json/deep/out.json', 'choose another folder, a file stands where one is due'),
        ('folder', 'is a directory; name a file in that folder'),
    ],
)
def test_target_that_cannot_be_written(panoptic_file, tmp_path, capsys, target, fix):
    (tmp_path / 'folder').mkdir()
    target = tmp_path / target
    assert main([str(panoptic_file), str(target), '--to', 'campus']) == 2
    said = capsys.readouterr().err
    assert said.startswith(f'convert-calibration: error: {target}: ') and fix in said
    assert 'Errno' not in said and said.count('\n') == 1
    assert not list((tmp_path / 'folder').iterdir())


def test_a_missing_package_is_a_sentence(panoptic_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'jsonschema', None)
    json_schema.validator.cache_clear()
    # Files that fit the schema do without the package.
    data = json.loads(panoptic_file.read_text())
    data['cameras'][1]['K'] = 'x'
    panoptic_file.write_text(json.dumps(data))
    words = [str(panoptic_file), str(tmp_path / 'out.json'), '--from', 'panoptic', '--to', 'campus']
    assert main(words) == 2
    said = capsys.readouterr().err
    assert 'jsonschema' in said and '`mmpose-ours doctor` says what is missing' in said


def test_report_says_everything(panoptic_file, tmp_path):
    report = tmp_path / 'report.json'
    command = [str(panoptic_file), str(tmp_path / 'out.json'), '--to', 'campus']
    assert main([*command, '--unit', 'cm', '--report', str(report)]) == 0
    said = json.loads(report.read_text())
    assert (said['from'], said['to'], said['unit'], said['up']) == (
        'panoptic',
        'campus',
        'cm',
        '-y',
    )
    assert said['recognised_by'] and said['warnings'] == [] and said['approximated'] == []
    rig = read_rig(tmp_path / 'out.json')
    for entry, camera in zip(said['cameras'], rig):
        assert entry['name'] == camera.name and entry['size'] == list(camera.size)
        np.testing.assert_allclose(entry['center_mm'], camera.center_w)


def test_a_report_that_cannot_be_written_leaves_no_rig(panoptic_file, tmp_path, capsys):
    out = tmp_path / 'out.json'
    command = [
        str(panoptic_file),
        str(out),
        '--to',
        'campus',
        '--report',
        f'{panoptic_file}/r.json',
    ]
    assert main(command) == 2
    assert 'a file stands where one is due' in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize('report', ['in.json', 'out.json', './out.json'])
def test_a_report_does_not_replace_a_calibration(panoptic_file, tmp_path, capsys, report):
    before = panoptic_file.read_bytes()
    command = [str(panoptic_file), str(tmp_path / 'out.json'), '--to', 'campus']
    assert main([*command, '--report', str(tmp_path / report)]) == 2
    assert 'is the report and a calibration at once' in capsys.readouterr().err
    assert panoptic_file.read_bytes() == before and not (tmp_path / 'out.json').exists()


def test_a_calibration_among_other_files(panoptic_file, tmp_path, capsys):
    folder = panoptic_file.parent
    (folder / 'notes.txt').write_text('walk, then sit')
    (folder / 'settings.json').write_text('{"fps": 30}')
    (folder / 'video.mp4').write_bytes(b'\x00\x00\x00\x18ftypmp42' * 100)
    assert main([str(folder), str(tmp_path / 'o' / 'out.json'), '--to', 'campus']) == 0
    assert f'read    {panoptic_file}: panoptic' in capsys.readouterr().out
    write_rig(ring_rig(), folder / 'other.json', 'campus')
    assert main([str(folder), str(tmp_path / 'o' / 'out.json'), '--to', 'campus']) == 2
    said = capsys.readouterr().err
    assert 'holds more than one calibration' in said and 'other.json (campus)' in said


def test_targets_that_are_no_plain_files(panoptic_file, tmp_path, capsys):
    os.mkfifo(tmp_path / 'pipe')
    assert main([str(panoptic_file), str(tmp_path / 'pipe'), '--to', 'campus']) == 2
    assert 'is no plain file' in capsys.readouterr().err
    (tmp_path / 'real.json').write_text('old')
    (tmp_path / 'link.json').symlink_to(tmp_path / 'real.json')
    assert main([str(panoptic_file), str(tmp_path / 'link.json'), '--to', 'campus']) == 0
    assert (tmp_path / 'link.json').is_symlink() and len(read_rig(tmp_path / 'real.json')) == 4


@pytest.mark.parametrize('name', ['a/b', 'a\\b', '..', ' '])
def test_new_names_that_no_folder_can_have(panoptic_file, tmp_path, capsys, name):
    out = tmp_path / 'out.json'
    assert main([str(panoptic_file), str(out), '--to', 'campus', '--rename', f'cam0={name}']) == 2
    assert f'has the name {name!r}' in capsys.readouterr().err
    assert not out.exists()


def test_failure_keeps_the_old_target(panoptic_file, tmp_path):
    out = tmp_path / 'out.json'
    out.write_text('precious')
    with fails(CalibrationError, code='unknown-camera', found='nope'):
        convert_calibration(panoptic_file, out, to_format='campus', cameras=['nope'])
    assert out.read_text() == 'precious'


def test_what_the_check_calls_wrong_is_written_by_force_only(tmp_path, capsys):
    write_rig(ring_rig(radius=40), tmp_path / 'in.json', 'campus')
    command = [str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--to', 'campus']
    assert check_rig_main(['check-rig', command[0]]) == 1
    assert '100 times too small' in capsys.readouterr().out
    assert main(command) == 2
    said = capsys.readouterr().err
    assert '100 times too small' in said and '--force' in said
    assert not (tmp_path / 'out.json').exists()
    assert main([*command, '--force']) == 0
    said = capsys.readouterr().err
    assert said.startswith(f'warning: {tmp_path}') and '100 times too small' in said
    assert main([*command, '--any-scale']) == 0
    assert not capsys.readouterr().err


def test_a_unit_off_by_a_thousand_is_refused_unless_it_was_given(tmp_path, capsys):
    in_metres = ring_rig().in_world(np.eye(3), 1e-3)
    write_rig(in_metres, tmp_path / 'in.json', 'campus')
    command = [str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--to', 'campus']
    assert main(command) == 2
    assert 'as if m stood where mm is due' in capsys.readouterr().err
    assert not (tmp_path / 'out.json').exists()
    assert main([*command, '--unit', 'm']) == 0
    said = capsys.readouterr()
    assert 'unit m as given; campus files have mm' in said.out and not said.err
    np.testing.assert_allclose(read_rig(tmp_path / 'out.json').centers_w, ring_rig().centers_w)
    assert main([*command, '--any-scale']) == 0


def test_sizes_of_each_camera_and_of_images(tmp_path, capsys):
    import cv2

    sizes = {'cam0': (1280, 720), 'cam1': (720, 1280), 'cam2': (640, 480), 'cam3': (1280, 720)}
    rig = CameraRig(
        tuple(
            Camera(
                c.name, [[700, 0, sizes[c.name][0] / 2], [0, 700, sizes[c.name][1] / 2], [0, 0, 1]],
                c.R_w2c, c.t_w2c,
            )
            for c in ring_rig()
        )
    )  # fmt: skip
    write_rig(rig, tmp_path / 'in.json', 'campus')
    command = [str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--to', 'panoptic']
    assert main(command) == 2
    said = capsys.readouterr().err
    assert '--image-size 1920x1080' in said and '--image-size cam0=1920x1080' in said
    assert '--images' in said
    named = ['--image-size', 'cam1=720x1280', '--image-size', '1280x720']
    assert main([*command, *named, '--image-size', 'cam2=640x480']) == 0
    assert {c.name: c.size for c in read_rig(tmp_path / 'out.json')} == sizes
    assert main([*command, *named, '--image-size', 'nobody=640x480']) == 2
    assert main([*command, *named, '--image-size', 'cam1=640x480']) == 2
    for name, (width, height) in sizes.items():
        (tmp_path / 'images' / name).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / 'images' / name / '0.png'), np.zeros((height, width), np.uint8))
    (tmp_path / 'out.json').unlink()
    assert main([*command, '--images', str(tmp_path / 'images')]) == 0
    assert {c.name: c.size for c in read_rig(tmp_path / 'out.json')} == sizes
    with fails(CalibrationError, code='no-data'):
        convert_calibration(
            tmp_path / 'in.json', tmp_path / 'o.json', to_format='panoptic', images='nowhere'
        )
    by_name = {None: (1280, 720), 'cam1': (720, 1280), 'cam2': (640, 480)}
    found = read_rig(tmp_path / 'in.json', image_size=by_name)
    assert {c.name: c.size for c in found} == sizes


def test_the_direction_is_asked_for_and_said(tmp_path, capsys):
    rig = ring_rig()
    entries = {c.name: {'K': c.K.tolist(), 'R': c.R_w2c.tolist(), 'T': c.t_w2c.tolist(),
                        'size': list(c.size)} for c in rig}  # fmt: skip
    (tmp_path / 'in.json').write_text(json.dumps(entries))
    command = [str(tmp_path / 'in.json'), str(tmp_path / 'out.json'), '--to', 'panoptic',
               '--unit', 'mm', '--up', 'z']  # fmt: skip
    assert main(command) == 2
    said = capsys.readouterr().err
    assert '--extrinsics world-to-camera' in said and '--translation vector' in said
    direction = ['--extrinsics', 'world-to-camera', '--translation', 'vector']
    assert main([*command, *direction]) == 0
    assert 'R is world to camera, T is the translation' in capsys.readouterr().out
    np.testing.assert_allclose(read_rig(tmp_path / 'out.json').centers_w, rig.centers_w)
    assert main([*command, *direction[:2], '--translation', 'center']) == 2  # wrong, and seen


def test_four_phones_of_different_sizes(shared_data, tmp_path):
    case = next(shared_data.parent.glob('cases/10-*')) / 'input'
    command = [str(case / 'calib'), str(tmp_path / 'out.json'), '--to', 'panoptic']
    assert main(command) == 2 and main([*command, '--image-size', '1920x1080']) == 2
    sizes = {'1': (1920, 1080), '2': (1920, 1080), '3': (1280, 720), '4': (1080, 1920)}
    for options in (
        ['--images', str(case / 'images')],
        ['--image-size', '1920x1080', '--image-size', '3=1280x720', '--image-size', '4=1080x1920'],
    ):
        assert main([*command, *options]) == 0
        assert {c.name: c.size for c in read_rig(tmp_path / 'out.json')} == sizes
        (tmp_path / 'out.json').unlink()


def test_a_size_for_all_is_for_cameras_whose_size_is_not_in_the_file(tmp_path, capsys):
    write_rig(ring_rig(), tmp_path / 'rig.json', 'panoptic')
    width, height = ring_rig()['cam0'].size
    words = [str(tmp_path / 'rig.json'), str(tmp_path / 'out.json'), '--to', 'panoptic']
    for given, ends in ((f'{2 * width}x{2 * height}', 0), (f'cam0={2 * width}x{2 * height}', 2)):
        assert main([*words, '--image-size', given]) == ends
    assert 'cam0' in capsys.readouterr().out
    assert {camera.size for camera in read_rig(tmp_path / 'out.json')} == {(width, height)}
