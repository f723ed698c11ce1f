"""The left-out-camera error: who is left out, how far joints are from its keypoints, the tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import left_out  # noqa: E402
from benchmarks.left_out_methods import Cases, People, weighted_dlt  # noqa: E402
from benchmarks.left_out_recordings import Recording  # noqa: E402
from benchmarks.problem import ring_rig  # noqa: E402
from mmpose_ours.calibration import fit_space  # noqa: E402
from mmpose_ours.detections.arrays import named_frames  # noqa: E402
from mmpose_ours.sources.synthetic import SceneGenerator  # noqa: E402

THREE, TWO = left_out.TABLES


@pytest.fixture(scope='module')
def recording():
    """Two people before five cameras, found by a perfect detector."""
    rig = ring_rig(5)
    scene = dict(people=(2, 2), min_views=5)
    items = SceneGenerator(rig, fit_space(rig), scene=scene, faults=None)(range(6))
    frames = {str(i): dict(zip(rig.names, item['keypoints_2d'])) for i, item in items.items()}
    return Recording('perfect', rig, named_frames(frames))


def test_a_perfect_detector_leaves_no_error_to_triangulation_and_little_to_the_prior(recording):
    errors = left_out.measure(recording, 6)
    assert list(errors) == [THREE, TWO]
    for title, of_table in errors.items():
        judged = of_table.judged
        assert judged.sum() > 500
        assert of_table.of_method[left_out.DLT][judged].max() < 0.1
        assert of_table.of_method[left_out.OURS][judged].mean() < (5 if title == THREE else 15)


def test_every_camera_is_left_out_and_has_no_part(recording):
    people = People(recording, 6)
    for others, count in ((None, 4), (2, 2)):
        cases, person = people.cases(others)
        rows = np.arange(len(cases))
        assert set(cases.view) == set(range(5)) and len(person) == len(cases)
        assert not cases.kept[rows, cases.view].any()
        assert (cases.kept.sum(1) == count).all()
        assert not cases.given[rows, cases.view].any()
        # Nothing that the left-out camera shows changes the estimate.
        moved = cases.keypoints.copy()
        moved[rows, cases.view, :, :2] += 50
        other = Cases(cases.rig, moved, cases.view, cases.kept, cases.frame)
        assert np.array_equal(weighted_dlt(cases), weighted_dlt(other), equal_nan=True)


def test_the_error_is_the_distance_in_the_left_out_image(recording):
    rig = recording.rig
    xyz_mm = np.tile([[200.0, 100.0, 900.0]], (5, 17, 1)).reshape(5, 17, 3)
    uv = np.stack([camera.project(xyz_mm[0])[0] for camera in rig])
    keypoints = np.concatenate([np.tile(uv, (5, 1, 1, 1)), np.ones((5, 5, 17, 1))], -1)
    keypoints[..., 0] += 3
    keypoints[..., 1] -= 4
    view = np.arange(5)
    cases = Cases(rig, keypoints, view, ~np.eye(5, dtype=bool), np.zeros(5, int))
    assert left_out.errors_px(cases, xyz_mm) == pytest.approx(np.full((5, 17), 5.0))
    xyz_mm[0, 0] = np.nan
    xyz_mm[0, 1] = rig[rig.names[0]].center_w * 2  # behind the camera
    xyz_mm[0, 2] += 5000
    error = left_out.errors_px(cases, xyz_mm)
    assert np.isnan(error[0, 0])
    assert (error[0, 1:3] == left_out.MAX_ERROR_PX).all()


def test_the_table_has_means_per_group_and_says_where_ours_is_worse():
    ours, dlt, pose2sim = np.full((3, 8, 17), 10.0)
    dlt[:, :5] = 20.0  # the head
    ours[:, 15:] = 12.0 + np.arange(8)[:, None]  # the ankles
    pose2sim[:4] = np.nan
    judged = np.ones((8, 17), bool)
    judged[0, 0] = False
    of_method = {left_out.OURS: ours, left_out.DLT: dlt, left_out.POSE2SIM: pose2sim}
    row = left_out.figures(left_out.Errors(of_method, judged, np.arange(8)))
    assert row['joints'] == judged.sum() == 135
    assert row['methods'][left_out.DLT]['head'] == 20 and row['methods'][left_out.DLT]['hips'] == 10
    assert row['methods'][left_out.OURS]['ankles'] == 15.5
    assert row['methods'][left_out.OURS_THERE]['ankles'] == 17.5
    assert row['methods'][left_out.POSE2SIM]['missing'] == pytest.approx(67 / 135)
    low, high = row['ours_minus_dlt_interval']['ankles']
    assert 2 < low < 5.5 < high < 9
    (line,) = [x for x in left_out.verdicts({'perfect': row}) if x.startswith('- ')]
    assert 'ankles: ours 15.50 px, weighted DLT 10.00 px' in line and line.endswith('worse')
    lines = left_out.table({'perfect': row}).splitlines()
    assert len(lines) == 2 + 4 and lines[2].startswith('| perfect (135 joints) | ours ')
