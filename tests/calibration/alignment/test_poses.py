"""2D keypoints as 3D poses."""

import numpy as np
from calibration_rigs import ring_rig
from errors import fails
from lost_rigs import lost_world, people_before

from mmpose_ours.calibration import CalibrationError
from mmpose_ours.calibration.alignment.poses import find_people, place_of_people, poses_in_3d


class TestFindPeople:
    def test_counts_are_said(self):
        rig = ring_rig()
        people, _ = people_before(rig, ('walk',), frames=2)
        with fails(CalibrationError, code='no-data', found=3) as caught:
            find_people(rig, {k: {c: v[:1] for c, v in views.items()}
                              for k, views in people.items()})  # fmt: skip
        assert 'in 2 frames of 2 with keypoints; 5 are needed' in str(caught.value)
        with fails(CalibrationError, code='no-data', found=0):
            find_people(rig, {})

    def test_in_any_world_they_are_the_same(self):
        rig, lost = ring_rig(3), lost_world(4)
        people, _ = people_before(rig, ('walk',), frames=12)
        np.testing.assert_allclose(
            find_people(lost.of_rig(rig), people),
            lost(find_people(rig, people)),
            rtol=1e-5,
            atol=lost.scale,
        )

    def test_they_come_with_the_detections_that_they_are_of(self):
        rig = ring_rig(3)
        people, _ = people_before(rig, ('walk',), frames=8)
        xyz, seen = poses_in_3d(rig, list(people.values()))
        assert seen.shape == (3, *xyz.shape) and len(xyz) > 5
        off = np.linalg.norm(rig.project(xyz)[0] - seen[..., :2], axis=-1)
        assert np.nanmedian(off[seen[..., 2] > 0.1]) < 10

    def test_nobody(self):
        assert [array.shape for array in poses_in_3d(ring_rig(3), [])] == [
            (0, 17, 3),
            (3, 0, 17, 3),
        ]


def test_place_of_people_without_hips():
    xyz = np.full((6, 17, 3), np.nan)
    xyz[:, 0] = (10.0, 20.0, 30.0)
    np.testing.assert_allclose(place_of_people(xyz), (10, 20, 30))
