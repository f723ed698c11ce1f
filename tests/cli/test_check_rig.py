"""check-rig: passes what is right, and names each mistake in a sentence of its own."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from broken_rigs import MISTAKES, detected_people, each, first
from calibration_rigs import ring_rig
from check_rig_command import check, sentences
from walking import SPACE, detected, room_rig, walk

from mmpose_ours.apis.diagnosis import RunStatistics, diagnose_recording
from mmpose_ours.calibration import write_rig
from mmpose_ours.calibration.checks import mistakes
from mmpose_ours.cli import main as cli
from mmpose_ours.detections import read_detections, write_detections
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

SWAPPED = 'width and height look swapped'


@pytest.fixture(scope='module')
def people_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('people') / 'keypoints_2d.json'
    write_detections(path, detected_people(ring_rig(5)))
    return path


def test_a_right_rig_passes(tmp_path, capsys, people_file):
    write_rig(ring_rig(5), tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert status == 0 and report['ok'] and not report['problems'] and not report['warnings']
    assert report['people']['disagreement'] < 0.065
    assert np.degrees(np.arccos(report['people']['up'][2])) < 5
    assert report['people']['shoulders_above_hips_above_ankles'] > 0.6
    assert 350 < report['people']['limbs_mm']['hip-knee'] < 480
    assert max(report['people']['reprojection_px'].values()) < 8
    assert set(report['judgement']) >= {'orientation', 'reprojection', 'unit'}


@pytest.mark.parametrize('mistake', list(MISTAKES))
def test_each_mistake_has_its_sentence(tmp_path, capsys, people_file, mistake):
    change, topic, words = MISTAKES[mistake]
    write_rig(change(ring_rig(5)), tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert status == 1 and not report['ok']
    found = {problem['topic']: problem['sentence'] for problem in report['problems']}
    assert words in found[topic], found


NEED_PEOPLE = {'mirrored axes', 'two names exchanged', 'calibrated at another resolution'}


@pytest.mark.parametrize('mistake', sorted(set(MISTAKES) - NEED_PEOPLE))
def test_without_keypoints_most_mistakes_are_found_too(tmp_path, capsys, mistake):
    change, topic, _ = MISTAKES[mistake]
    write_rig(change(ring_rig(5)), tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json')
    assert status == 1 and topic in {p['topic'] for p in report['problems']}


def test_orientation_is_judged_apart_from_reprojection(tmp_path, capsys, people_file):
    """A board that was turned over: perfect reprojection, people on their heads."""
    write_rig(MISTAKES['upside down'][0](ring_rig(5)), tmp_path / 'rig.json', 'campus')
    _, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert report['people']['disagreement'] < 0.065, 'reprojection is as good as before'
    assert report['people']['up'][2] < -0.9
    assert [p['topic'] for p in report['problems']] == ['orientation']
    assert '--up -z' in sentences(report)[0]
    # And the fix fixes.
    assert cli.main(['convert-calibration', str(tmp_path / 'rig.json'), str(tmp_path / 'fixed'),
                     '--to', 'campus', '--up', '-z']) == 0  # fmt: skip
    capsys.readouterr()
    assert check(capsys, tmp_path / 'fixed', '--keypoints', people_file)[0] == 0


def test_swapped_width_and_height(tmp_path, capsys):
    # The principal point stays inside the turned image.
    rig = each(ring_rig(3), lambda c: dataclasses.replace(
        c, K=[[900, 0, 640], [0, 900, 360], [0, 0, 1]], size=(720, 1280)))  # fmt: skip
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json')
    assert status == 1 and all(SWAPPED in sentence for sentence in sentences(report))


def test_intrinsics_of_another_resolution_show_in_the_principal_point(tmp_path, capsys):
    scaled = each(ring_rig(), lambda c: dataclasses.replace(c, K=np.diag([2 / 3, 2 / 3, 1]) @ c.K))
    write_rig(scaled, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json')
    assert status == 1
    assert 'is that of a 853x480 image, but the image size is 1280x720' in sentences(report)[0]


def test_a_mirrored_rotation_is_refused_at_reading(tmp_path, capsys):
    write_rig(ring_rig(), tmp_path / 'rig.json', 'panoptic')
    data = json.loads((tmp_path / 'rig.json').read_text())
    for camera in data['cameras']:
        camera['R'] = (np.array(camera['R']) @ np.diag([-1, 1, 1])).tolist()
    (tmp_path / 'rig.json').write_text(json.dumps(data))
    status, said = check(capsys, tmp_path / 'rig.json')
    assert status == 2 and 'one axis is mirrored' in said


@pytest.mark.parametrize(
    ('size', 'words'),
    [
        ((1280, 720), None),
        ((1920, 1080), '--scale-intrinsics 1920x1080'),
        ((720, 1280), 'width and height are swapped or the images were turned'),
        ((1280, 960), 'another shape'),
    ],
)
def test_images_are_compared(tmp_path, capsys, size, words):
    write_rig(ring_rig(2), tmp_path / 'rig.json', 'panoptic')
    for name, image_size in (('cam0', (1280, 720)), ('cam1', size)):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'a.png').write_bytes(b'no image')  # the first that decodes counts
        blank = np.zeros((image_size[1], image_size[0], 3), np.uint8)
        cv2.imwrite(str(tmp_path / name / 'b.png'), blank)
    status, report = check(capsys, tmp_path / 'rig.json', '--images', tmp_path)
    assert report['images']['cam1'] == list(size)
    if words is None:
        assert status == 0
    else:
        assert status == 1 and "camera 'cam1'" in sentences(report)[0]
        assert words in sentences(report)[0] and 'b.png' in sentences(report)[0]


def test_sizes_that_the_calibration_lacks_come_from_the_images(tmp_path, capsys):
    write_rig(ring_rig(2, size=None), tmp_path / 'rig.json', 'campus')
    for name in ('cam0', 'cam1'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / '0.jpg'), np.zeros((720, 1280, 3), np.uint8))
    status, report = check(capsys, tmp_path / 'rig.json', '--images', tmp_path)
    assert status == 0 and report['cameras'][0]['size'] == [1280, 720] and report['space']


def test_an_image_without_sizes_in_the_calibration(tmp_path, capsys):
    write_rig(ring_rig(2, size=None), tmp_path / 'rig.json', 'campus')
    for name in ('cam0', 'cam1'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / '0.jpg'), np.zeros((720, 1280, 3), np.uint8))
    image = tmp_path / 'rig.png'
    status, _ = check(capsys, tmp_path / 'rig.json', '--images', tmp_path, '--figure', image)
    assert status == 0 and cv2.imread(str(image)) is not None


def test_images_too_small_for_the_principal_point_are_a_finding(tmp_path, capsys):
    write_rig(ring_rig(2, size=None), tmp_path / 'rig.json', 'campus')
    for name in ('cam0', 'cam1'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / '0.jpg'), np.zeros((240, 320, 3), np.uint8))
    status, report = check(capsys, tmp_path / 'rig.json', '--images', tmp_path)
    assert status == 1 and [p['topic'] for p in report['problems']] == ['resolution'] * 2
    assert str(tmp_path) in sentences(report)[0]
    assert 'lies outside its 320x240' in sentences(report)[0]


def test_a_camera_without_images(tmp_path, capsys):
    write_rig(ring_rig(2), tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json', '--images', tmp_path)
    assert status == 1 and "camera 'cam0' has no image" in sentences(report)[0]
    status, said = check(capsys, tmp_path / 'rig.json', '--images', tmp_path / 'nowhere')
    assert status == 2 and 'no such folder' in said


def test_keypoints_of_other_images(tmp_path, capsys):
    rig = ring_rig(3)
    detections = detected_people(rig, frames=12)
    for views in detections.values():
        for people in views.values():
            people[..., :2] *= 3
    write_detections(tmp_path / 'k.json', detections)
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', tmp_path / 'k.json')
    found = {problem['topic']: problem['sentence'] for problem in report['problems']}
    assert status == 1 and '3 times as large' in found['resolution']
    assert 'outside its 1280x720 image' in found['keypoints']


def test_too_few_people_are_a_warning(tmp_path, capsys):
    rig = ring_rig(3)
    write_detections(tmp_path / 'k.json', detected_people(rig, frames=1, people=(1, 1)))
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', tmp_path / 'k.json')
    assert status == 0 and report['warnings'][0]['topic'] == 'people'


def test_children_and_low_floors_are_warnings_not_errors(tmp_path, capsys):
    rig = ring_rig(4)
    detections = detected_people(rig, people=(2, 3))
    write_detections(tmp_path / 'k.json', detections)
    write_rig(rig.moved((0, 0, 400)), tmp_path / 'high.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'high.json', '--keypoints', tmp_path / 'k.json')
    assert status == 0 and [w['topic'] for w in report['warnings']] == ['floor']
    assert 'people stand on z = ' in report['warnings'][0]['sentence']
    write_rig(rig.in_world(np.eye(3), 0.7), tmp_path / 'small.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'small.json', '--keypoints', tmp_path / 'k.json')
    assert status == 0 and [w['topic'] for w in report['warnings']] == ['unit']


def test_unusual_but_right_rigs_pass(tmp_path, capsys):
    """Outward, along a corridor, from the ceiling: odd, but not wrong."""

    def looking(places, targets):
        return CameraRig(
            tuple(
                Camera.looking_at(f'c{i}', place, target, 800, (1280, 720))
                for i, (place, target) in enumerate(zip(places, targets))
            )
        )

    corridor = [(x, -2500, 2600) for x in range(0, 16_000, 4000)]
    rigs = {
        'corridor': looking(corridor, [(x + 3000, 1500, 900) for x, _, _ in corridor]),
        'ceiling': looking(
            [(-1500, 0, 4000), (1500, 0, 4000), (0, 1500, 4000)],
            [(-300, 10, 0), (300, 10, 0), (0, 300, 0)],
        ),
        'stereo pair': looking(
            [(0, 0, 1500), (400, 0, 1500)], [(0, 4000, 1200), (400, 4000, 1200)]
        ),
    }  # fmt: skip
    for name, rig in rigs.items():
        write_rig(rig, tmp_path / 'rig.json', 'panoptic')
        status, report = check(capsys, tmp_path / 'rig.json')
        assert status == 0, (name, sentences(report))


def test_one_bad_camera_is_named(tmp_path, capsys, people_file):
    """A tripod that was kicked after the calibration."""
    turn = cv2.Rodrigues(np.array([0.0, 0.35, 0.0]))[0]
    kicked = first(
        ring_rig(5), lambda c: dataclasses.replace(c, R_w2c=turn @ c.R_w2c, t_w2c=turn @ c.t_w2c)
    )
    write_rig(kicked, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert status == 1
    assert "camera 'cam0' is inconsistent with all others" in sentences(report)[0]
    assert report['problems'][0]['cameras'] == ['cam0']


def test_what_is_printed(tmp_path, capsys, people_file):
    write_rig(ring_rig(5), tmp_path / 'rig.json', 'panoptic')
    command = ['check-rig', str(tmp_path / 'rig.json'), '--keypoints', str(people_file)]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    for part in ('cam0', '1280x720', 'baselines:', 'cameras look at:', 'orientation:', 'unit:',
                 'reprojection', 'capture volume:', 'nothing wrong was found'):  # fmt: skip
        assert part in said
    write_rig(MISTAKES['upside down'][0](ring_rig(5)), tmp_path / 'rig.json', 'panoptic')
    assert cli.main(command) == 1
    assert 'WRONG   orientation: ' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('mistake', 'fix'),
    [
        (
            'two names exchanged',
            '`mmpose-ours convert-calibration ... --rename cam1=cam0 cam0=cam1`',
        ),
        (
            'calibrated at another resolution',
            '`mmpose-ours convert-calibration ... --scale-intrinsics WxH`',
        ),
    ],
)
def test_fixes_name_the_command_that_has_the_option(tmp_path, capsys, people_file, mistake, fix):
    write_rig(MISTAKES[mistake][0](ring_rig(5)), tmp_path / 'rig.json', 'campus')
    _, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert fix in sentences(report)[0]


def test_mistakes_are_undone_in_a_sample_and_in_the_suspects(
    tmp_path, capsys, people_file, monkeypatch
):
    monkeypatch.setattr(mistakes, 'MAX_CAMERAS', 2)
    write_rig(MISTAKES['two names exchanged'][0](ring_rig(5)), tmp_path / 'rig.json', 'campus')
    _, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert [(p['topic'], set(p['cameras'])) for p in report['problems']] == [
        ('names', {'cam0', 'cam1'})
    ]


def test_a_fisheye_that_sees_beside_itself(tmp_path, capsys):
    """No ray before the camera ends at the edge: unknown, and NaN is no JSON."""
    K = [[400, 0, 640], [0, 400, 360], [0, 0, 1]]
    rig = each(ring_rig(), lambda c: dataclasses.replace(c, K=K, dist=(0,) * 4, lens='fisheye'))
    write_rig(rig, tmp_path / 'rig.toml', 'anipose')
    command = ['check-rig', str(tmp_path / 'rig.toml'), '--unit', 'mm', '--up', 'z']
    assert cli.main([*command, '--json']) == 0
    said = capsys.readouterr().out
    assert 'NaN' not in said and json.loads(said)['cameras'][0]['fov_degrees'][0] is None
    assert cli.main(command) == 0 and '? x 103°' in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_status_2(tmp_path, capsys):
    (tmp_path / 'rig.json').write_text('{}')
    status, said = check(capsys, tmp_path / 'rig.json')
    assert status == 2 and said.startswith('mmpose-ours: error: ')
    write_rig(ring_rig(), tmp_path / 'rig.json', 'panoptic')
    status, said = check(capsys, tmp_path / 'rig.json', '--keypoints', tmp_path / 'none.json')
    assert status == 2 and 'no 2D keypoints there' in said


IN_THE_FILE = {
    'centre for translation': (
        lambda R, t: (R, -R.T @ t),
        'camera centres taken for translations',
    ),
    'translation for centre': (lambda R, t: (R, -R @ t), 'translations taken for camera centres'),
    'R transposed': (lambda R, t: (R.T, t), 'R transposed (camera to world)'),
    'R transposed beside the centre': (
        lambda R, t: (R.T, R.T @ R.T @ t),
        'R transposed (camera to world)',
    ),
}


@pytest.mark.parametrize('with_people', [True, False])
@pytest.mark.parametrize('mistake', list(IN_THE_FILE))
def test_extrinsics_exchanged_in_a_file_with_y_down(
    tmp_path, capsys, people_file, mistake, with_people
):
    """Panoptic JSON: the mistake is made in the file's axes, not in ours."""
    change, words = IN_THE_FILE[mistake]
    write_rig(ring_rig(5), tmp_path / 'rig.json', 'panoptic')
    data = json.loads((tmp_path / 'rig.json').read_text())
    for camera in data['cameras']:
        R, t = change(np.array(camera['R']), np.array(camera['t'])[:, 0])
        camera['R'], camera['t'] = R.tolist(), t.reshape(3, 1).tolist()
    (tmp_path / 'rig.json').write_text(json.dumps(data))
    people = ['--keypoints', people_file] if with_people else []
    status, report = check(capsys, tmp_path / 'rig.json', *people)
    if mistake == 'R transposed' and not with_people:
        # In these axes a transposed ring is a ring again, level and turned inwards.
        assert status == 0
    else:
        assert status == 1 and words in sentences(report)[0], sentences(report)


@pytest.mark.parametrize('mirror', ['x', 'y', 'z', 'xy', 'xz', 'yz'])
def test_every_mirrored_world_is_named(tmp_path, capsys, people_file, mirror):
    order = {'xy': (1, 0, 2), 'xz': (2, 1, 0), 'yz': (0, 2, 1)}.get(mirror)
    M = np.eye(3)[list(order)] if order else np.diag([-1.0 if a == mirror else 1 for a in 'xyz'])
    mirrored = each(
        ring_rig(5), lambda c: dataclasses.replace(c, R_w2c=M @ c.R_w2c @ M, t_w2c=M @ c.t_w2c)
    )
    write_rig(mirrored, tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert status == 1 and any('the world is mirrored' in s for s in sentences(report))


def test_one_camera_of_another_resolution_is_named(tmp_path, capsys, people_file):
    scaled = first(ring_rig(5), lambda c: dataclasses.replace(c, K=np.diag([0.5, 0.5, 1]) @ c.K))
    write_rig(scaled, tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    assert status == 1
    assert any("of camera 'cam0' are 2 times as large" in s for s in sentences(report))


def test_a_camera_turned_aside_sees_nothing_of_what_the_others_share(tmp_path, capsys):
    turn = cv2.Rodrigues(np.array([0.0, np.radians(74), 0.0]))[0]
    K = [[1500, 0, 640], [0, 1500, 360], [0, 0, 1]]  # 23 degrees to either side
    narrow = each(ring_rig(5), lambda c: dataclasses.replace(c, K=K))
    turned = first(
        narrow, lambda c: dataclasses.replace(c, R_w2c=turn @ c.R_w2c, t_w2c=turn @ c.t_w2c)
    )
    write_rig(turned, tmp_path / 'rig.json', 'panoptic')
    status, report = check(capsys, tmp_path / 'rig.json')
    assert status == 1 and any("camera 'cam0' looks away" in s for s in sentences(report))


def test_recordings_that_are_not_synchronised(tmp_path, capsys):
    """As predict says it of the same keypoints."""
    rig = room_rig()
    frames = detected(rig, walk(frames=100))
    late = [{**frames[i], 'cam2': frames[i - 10]['cam2']} for i in range(10, len(frames))]
    write_detections(tmp_path / 'k.json', {str(i): views for i, views in enumerate(late)})
    write_rig(rig, tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', tmp_path / 'k.json')
    assert status == 1
    assert [(p['topic'], p['cameras']) for p in report['problems']] == [
        ('synchronisation', ['cam2'])
    ]
    statistics = RunStatistics(rig.names)
    for views in late:
        statistics.add(views, 2)
    diagnosis = diagnose_recording(rig, SPACE, statistics)
    assert len(diagnosis.causes) == 1 and diagnosis.certain
    assert diagnosis.next_step == f'run again with {argument("frame_offsets", {"cam2": 10})}'


@pytest.mark.parametrize('mistake', [None, 'two names exchanged', 'mirrored axes'])
def test_predict_gives_the_same_verdict(tmp_path, capsys, people_file, mistake):
    rig = ring_rig(5) if mistake is None else MISTAKES[mistake][0](ring_rig(5))
    write_rig(rig, tmp_path / 'rig.json', 'campus')
    _, report = check(capsys, tmp_path / 'rig.json', '--keypoints', people_file)
    statistics = RunStatistics(rig.names)
    detections = read_detections(people_file, rig.names)
    for frame in sorted(detections, key=int):
        statistics.add(detections[frame], 3)
    diagnosis = diagnose_recording(rig, SPACE, statistics)
    assert diagnosis.certain == (mistake is not None)
    for sentence in sentences(report):
        assert any(sentence in cause for cause in diagnosis.causes)


def test_cameras_rolled_against_each_other_do_not_refute_people(tmp_path, capsys, people_file):
    """Horizons that lean, of a world in which people stand upright."""
    roll = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(12)]))[0]
    rig = ring_rig(5)
    detections = read_detections(people_file, rig.names)
    # The first camera is turned about its optical axis, together with its pixels.
    turned = first(rig, lambda c: dataclasses.replace(
        c, R_w2c=roll @ c.R_w2c, t_w2c=roll @ c.t_w2c, dist=(0,) * 5))  # fmt: skip
    people = {}
    for frame, views in detections.items():
        seen = views['cam0'].astype(float)
        rays = rig['cam0'].normalise_points(seen[..., :2])
        rays = rays @ roll[:2, :2].T
        seen[..., :2] = rays * [turned['cam0'].K[0, 0], turned['cam0'].K[1, 1]]
        seen[..., :2] += turned['cam0'].K[:2, 2]
        people[frame] = {**views, 'cam0': seen}
    write_detections(tmp_path / 'k.json', people)
    write_rig(turned, tmp_path / 'rig.json', 'campus')
    status, report = check(capsys, tmp_path / 'rig.json', '--keypoints', tmp_path / 'k.json')
    assert 'orientation' not in {p['topic'] for p in report['problems'] + report['warnings']}
