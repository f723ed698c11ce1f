"""Figures without truth: every one planted and found again."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from lens_rigs import DIST, rig_of
from scipy.stats import maxwell

from mmpose_ours.association.epipolar import associate, gather
from mmpose_ours.calibration import read_rig, write_rig
from mmpose_ours.cli.main import main
from mmpose_ours.detections import read_detections, stack_views, write_detections
from mmpose_ours.evaluation import EvaluatedFrame, unlabelled_figures
from mmpose_ours.evaluation.plausibility import head_above_hips, jitter_mm
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeletons import SKELETONS
from mmpose_ours.synthetic import built_in_poses
from mmpose_ours.tracking.tracks import assign_track_ids

COCO = SKELETONS['coco17']


def people(*places):
    """(P, 17, 3) mm: people standing at (x, y), each a body of its own."""
    poses = built_in_poses(max(len(places), 1), np.random.default_rng(1), ('stand',))
    return poses[: len(places)] + np.array([[[x, y, 0]] for x, y in places]).reshape(-1, 1, 3)


def seen_by(rig, poses):
    """(V, P, 17, 3) exact detections, by OpenCV's projection."""
    views = []
    for camera in rig:
        rvec = cv2.Rodrigues(camera.R_w2c)[0]
        uv = cv2.projectPoints(poses.reshape(-1, 3), rvec, camera.t_w2c, camera.K, np.array(DIST))
        uv = uv[0].reshape(*poses.shape[:2], 2)
        views.append(np.concatenate([uv, np.full((*uv.shape[:2], 1), 0.9)], -1))
    return np.stack(views)


def figures(poses, keypoints, rig, **options):
    frames = [EvaluatedFrame(n, rig, p, k) for n, (p, k) in enumerate(zip(poses, keypoints))]
    return unlabelled_figures(frames, 'coco17', **options)


def test_false_positives_missed_people_and_people_out_of_view():
    rig = rig_of()
    real = people((-900, 0), (900, 300), (0, -1000))
    false_positive, gone = people((1500, 1500)), people((0, 0)) + [0, 0, 20000]
    predicted = np.concatenate(
        [real[:2], false_positive, gone, real[:1] + 5]
    )  # and one person twice
    result = figures([predicted], [seen_by(rig, real)], rig)
    assert (result.people, result.false_positives, result.out_of_view) == (5, 2, 1)
    assert (result.seen_by_two, result.missed) == (3, 1)
    assert result.summary()['missed_share'] == pytest.approx(1 / 3)


def test_a_person_hidden_in_some_views_is_no_false_positive():
    rig = rig_of()
    real = people((-900, 0), (900, 300))
    keypoints = seen_by(rig, real)
    keypoints[1:, 0] = 0  # only camera a sees the first
    result = figures([real], [keypoints], rig)
    assert result.false_positives == 0 and (result.seen_by_two, result.missed) == (1, 0)
    assert result.reprojection.due == 8 and result.reprojection.matched == 5


def test_reprojection_is_the_distance_in_the_distorted_image():
    rig = rig_of()
    real = people((-900, 0), (900, 300))
    off = real + [30, 0, 0]
    result = figures([off], [seen_by(rig, real)], rig)
    expected = np.linalg.norm(seen_by(rig, off) - seen_by(rig, real), axis=-1)
    uv = seen_by(rig, real)[..., :2]
    box = np.linalg.norm(np.ptp(uv, axis=2), axis=-1)
    assert result.reprojection.median_px == pytest.approx(np.median(expected), rel=1e-6)
    assert result.cameras['c'].p90_px == pytest.approx(np.percentile(expected[2], 90), rel=1e-6)
    share = expected / box[..., None]
    assert result.reprojection.median_share == pytest.approx(np.median(share), rel=1e-6)
    assert result.reprojection.p90_share == pytest.approx(np.percentile(share, 90), rel=1e-6)


def test_a_left_out_camera_is_judged_by_its_own_predictions():
    rig = rig_of()
    real = people((-900, 0))
    keypoints = seen_by(rig, real)
    other = [EvaluatedFrame(0, rig, real + [0, 0, 40], keypoints)]
    result = figures([real], [keypoints], rig, left_out={'b': other})
    assert result.reprojection.median_px < 1e-6
    expected = np.linalg.norm((seen_by(rig, real + [0, 0, 40]) - keypoints)[1], axis=-1)
    assert result.left_out.median_px == pytest.approx(np.median(expected), rel=1e-6)
    assert result.left_out.due == 1


def test_limbs_that_breathe_and_sides_that_differ():
    rng = np.random.default_rng(0)
    rig, base = rig_of(), people((0, 0))
    scale = 1 + 0.05 * rng.standard_normal(400)
    poses = [base * s for s in scale]
    result = figures(poses, [seen_by(rig, p) for p in poses], rig)
    assert result.tracks == 1
    assert result.limb_spread == pytest.approx(0.05, rel=0.1)
    assert result.limbs['left_hip-knee'] == pytest.approx(0.05, rel=0.1)
    assert list(result.limbs)[:2] == ['left_shoulder-elbow', 'right_shoulder-elbow']
    # A left forearm that is a fifth longer than the right one.
    arm = base.copy()
    for side, length in (('left', 240.0), ('right', 200.0)):
        elbow, wrist = COCO.index(f'{side}_elbow', f'{side}_wrist')
        arm[:, wrist] = arm[:, elbow] + [0, 0, -length]
    uneven = figures([arm], [seen_by(rig, arm)], rig)
    assert uneven.side_difference_p90 > 0.1 and result.side_difference < 0.05


def test_heads_below_hips():
    standing = people((0, 0), (1000, 0))
    fallen = standing[:1] * [1, 1, -1]
    assert head_above_hips(np.concatenate([standing, fallen]), 'coco17').tolist() == [1, 1, 0]
    assert head_above_hips(convert_joints(standing, 'coco17', 'campus14'), 'campus14').all()
    standing[0, :5] = np.nan
    assert np.isnan(head_above_hips(standing, 'coco17')[0])


def test_jitter_is_acceleration_and_nothing_else():
    steps = np.arange(6.0)[:, None, None]
    base = people((0, 0))[0]
    np.testing.assert_allclose(jitter_mm(range(6), base + steps * [50, 20, 0], 1), 0, atol=1e-9)
    np.testing.assert_allclose(jitter_mm(range(6), base + steps**2 * [0, 3, 4], 1), 10)
    # Of six frames with a gap, only three lie one step apart on both sides.
    assert len(jitter_mm([0, 1, 2, 5, 6, 9], np.zeros((6, 17, 3)), 1)) == 17
    noise = np.random.default_rng(2).normal(scale=5, size=(2000, 17, 3))
    assert np.median(jitter_mm(range(2000), noise, 1)) == pytest.approx(
        maxwell.median(scale=5 * np.sqrt(6)), rel=0.02
    )


def test_the_frame_rate_counts_steps_between_numbers():
    rig, base = rig_of(), people((0, 0))[0]
    poses = [(base + n**2 * np.array([0, 0, 5.0]))[None] for n in range(5)]
    frames = [EvaluatedFrame(12 * n, rig, p, seen_by(rig, p)) for n, p in enumerate(poses)]
    result = unlabelled_figures(frames, 'coco17', frame_rate=30)
    assert result.jitter_mm == pytest.approx(10)
    assert result.jitter_m_s2 == pytest.approx(10 / 1000 * (30 / 12) ** 2)


def test_people_are_linked_by_nearest_distance():
    walk = [people((-600 + 100 * n, 0), (600 - 100 * n, 600)) for n in range(12)]
    frames = [p[::-1] if n % 2 else p for n, p in enumerate(walk)]  # rows mean nothing
    numbers = assign_track_ids(frames)
    assert all(n.tolist() == ([1, 0] if i % 2 else [0, 1]) for i, n in enumerate(numbers))
    one, far = people((0, 0)), people((3000, 0))
    nobody = one[:0]
    assert [n.tolist() for n in assign_track_ids([one, nobody, one])] == [[0], [], [0]]
    assert [n.tolist() for n in assign_track_ids([one, far])] == [[0], [1]]
    for gap, number in ((5, 0), (6, 1)):
        assert assign_track_ids([one, *[nobody] * gap, one])[-1].tolist() == [number]


def test_track_ids_of_the_file_count_and_the_frame_rate_says_how_long_somebody_is_missed():
    rig, (body,) = rig_of(), people((0, 0))
    sizes = [1.0] * 10 + [1.2] * 10  # another person, at the same place
    poses = [body[None] * size for size in sizes]
    ids = [np.array([int(size > 1)]) for size in sizes]
    frames = [
        EvaluatedFrame(n, rig, p, seen_by(rig, p), i) for n, (p, i) in enumerate(zip(poses, ids))
    ]
    known = unlabelled_figures(frames, 'coco17')
    unknown = unlabelled_figures([replace(i, ids=None) for i in frames], 'coco17')
    assert (known.tracks, unknown.tracks) == (2, 1)
    assert known.limb_spread == pytest.approx(0) and unknown.limb_spread > 0.05
    # Lost for ten frames, a third of a second.
    there = [poses[0]] * 6 + [poses[0][:0]] * 10 + [poses[0]] * 6
    keypoints = seen_by(rig, poses[0])
    gap = [EvaluatedFrame(n, rig, p, keypoints) for n, p in enumerate(there)]
    tracks = [unlabelled_figures(gap, 'coco17', frame_rate=rate).tracks for rate in (30, 10, None)]
    assert tracks == [1, 2, 2]


def test_an_empty_recording_has_figures():
    rig = rig_of()
    empty = np.zeros((0, 17, 3))
    result = figures([empty, empty], [np.zeros((4, 0, 17, 3))] * 2, rig)
    assert result.people == result.false_positives == result.missed == result.reprojection.due == 0
    assert np.isnan(result.jitter_mm) and np.isnan(result.head_above_hips)


@pytest.fixture
def files(tmp_path):
    rig = rig_of()
    real = people((-900, 0), (900, 300))
    poses = {frame: real + [10.0 * frame, 0, 0] for frame in range(8)}
    write_rig(rig, tmp_path / 'rig.json', 'panoptic')
    detections = {
        f'{frame:06d}': dict(zip(rig.names, seen_by(rig, p))) for frame, p in poses.items()
    }
    write_detections(tmp_path / 'kp.json', detections)
    write_predictions(tmp_path / 'pred.json', poses)
    write_predictions(tmp_path / 'no_b.json', {f: p + [0, 0, 40] for f, p in poses.items()})
    write_predictions(tmp_path / 'late.json', {f + 1: p for f, p in poses.items()})
    write_predictions(tmp_path / 'other.json', {'x': real})
    return tmp_path


def command(folder, *more, pred='pred.json'):
    options = dict(pred=pred, rig='rig.json', keypoints='kp.json')
    paths = [str(part) for key, name in options.items() for part in (f'--{key}', folder / name)]
    return ['evaluate', '--without-truth', *paths, *more]


def test_the_command(files, capsys):
    assert main(command(files, '--left-out', f'b={files / "no_b.json"}', '--json')) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['frames'] == 8 and report['false_positives'] == 0 and report['warnings'] == []
    assert report['reprojection']['median_px'] < 0.01 < 1 < report['left_out']['median_px']
    assert report['jitter_mm'] == pytest.approx(0, abs=0.01) and report['jitter_m_s2'] is None
    assert main(command(files, '--frame-rate', '25')) == 0
    out = capsys.readouterr().out
    assert 'without ground truth: 8 frames (0-7), joints coco17' in out and 'm/s^2' in out


def test_what_the_command_refuses(files, capsys):
    def said(*argv):
        assert main(list(argv)) == 2
        return capsys.readouterr().err

    assert 'shares no frame to look at' in said(*command(files, pred='other.json'))
    assert 'lacks frame 8' in said(*command(files, '--frames', '0-9'))
    option = ('--left-out', f'q={files / "no_b.json"}')
    assert f'{" ".join(option)}: no such camera' in said(*command(files, *option))
    assert 'expected CAMERA=FILE.json' in said(*command(files, '--left-out', 'b'))
    assert 'the frame rate is 0' in said(*command(files, '--frame-rate', '0'))
    assert 'takes no --gt' in said(*command(files, '--gt', 'x'))
    assert 'needs --rig' in said('evaluate', '--without-truth', '--pred', 'x')
    assert 'evaluate needs --dataset and --gt' in said('evaluate', '--pred', 'x')
    assert main(command(files, pred='late.json')) == 0
    assert 'late.json: lacks 1 frame of the other file' in capsys.readouterr().out


def test_faults_planted_into_real_people_are_counted(shared_data):
    rig = read_rig(shared_data / 'shelf/calibration_shelf.json', image_size=(1032, 776))
    detections = read_detections(shared_data / 'shelf/pred_shelf_openpose_coco.pkl', rig.names)
    rng = np.random.default_rng(0)
    poses, faulty, keypoints, lost, added = [], [], [], 0, 0
    for views in list(detections.values())[:60]:
        seen = stack_views(views, rig.names)
        people_seen = gather(seen, associate(rig, seen))
        weight = np.where(people_seen[..., 2] > 0.1, people_seen[..., 2], 0.0)
        found = triangulate(rig, people_seen[..., :2], weight)[0]
        kept = rng.random(len(found)) > 0.3
        # A false positive: somebody beside the feet of the others, 2.5 m below.
        false_positive = found[~kept][:1] - [0, 0, 2500]
        lost, added = lost + int((~kept).sum()), added + len(false_positive)
        poses.append(found)
        faulty.append(np.concatenate([found[kept], false_positive]))
        keypoints.append(seen)
    whole, broken = figures(poses, keypoints, rig), figures(faulty, keypoints, rig)
    assert whole.false_positives == whole.missed == 0 and 3 < whole.reprojection.median_px < 8
    assert whole.head_above_hips == 1
    assert lost > 20 and broken.missed == pytest.approx(lost, abs=0.05 * lost)
    assert broken.false_positives + broken.out_of_view == added
