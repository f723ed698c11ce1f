"""Track IDs of a moment: counted, and left out of a recording that is still running."""

from typing import List

import numpy as np
import pytest
from errors import fails

pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

from walking import SPACE, detected, room_rig, walk  # noqa: E402

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.apis.short_tracks import ShortTrackFilter  # noqa: E402
from mmpose_ours.errors import InputError
from mmpose_ours.structures.frames import FrameResult  # noqa: E402
from mmpose_ours.structures.poses import Poses3D  # noqa: E402
from mmpose_ours.structures.skeletons import COCO17  # noqa: E402


def people_in(frame: int, ids: List[int]) -> FrameResult:
    """People of a frame; each one's place is his number."""
    poses = np.zeros((len(ids), 17, 3)) + np.array(ids, float)[:, None, None]
    scores, views = np.ones(len(ids)), np.full(len(ids), 2)
    images = {'a': np.zeros((2, 2, 3), np.uint8)}
    numbers = np.array(ids, int)
    people = Poses3D(COCO17, poses, scores, numbers, views)
    return FrameResult(str(frame), people, ('a', 'b'), {}, images)


def shown(frames) -> List[List[int]]:
    assert all((people.poses.xyz_mm[:, 0, 0] == people.track_ids).all() for people in frames)
    return [people.track_ids.tolist() for people in frames]


def test_who_is_there_for_a_moment_is_left_out():
    ids = [[0, 1], [0, 1], [0], [0, 2], [0], [0], [2, 0], [0], [3]]
    recording = [people_in(frame, now) for frame, now in enumerate(ids)]
    tracks = ShortTrackFilter(min_frames=2, patience=2, drop=True)
    assert shown(list(tracks(recording))) == [
        [0, 1],
        [0, 1],
        [0],
        [0, 2],
        [0],
        [0],
        [2, 0],
        [0],
        [],
    ]
    assert (tracks.long_tracks, tracks.short_tracks, tracks.dropped_poses) == (3, 1, 1)
    tracks = ShortTrackFilter(min_frames=3, patience=2, drop=True)
    assert shown(list(tracks(recording))) == [[0]] * 8 + [[]]
    assert (tracks.long_tracks, tracks.short_tracks, tracks.dropped_poses) == (1, 3, 5)


def test_frames_wait_no_longer_than_needed():
    given = []

    def running():
        for frame in range(200):
            given.append(frame)
            yield people_in(frame, [frame // 100] + [1000 + frame // 7] * (frame % 7 == 0))

    tracks = ShortTrackFilter(min_frames=4, patience=5, drop=True)
    waits = [len(given) - 1 - int(people.frame) for people in tracks(running())]
    assert len(waits) == 200 and 3 <= max(waits) <= 4 * (5 + 2)
    assert tracks.long_tracks == 2 and tracks.short_tracks == 29 and len(tracks._lengths) == 0
    kept = ShortTrackFilter(min_frames=4, patience=5, drop=False)
    given.clear()
    for people in kept(running()):
        assert len(given) - 1 == int(people.frame) and len(people.images) == 1
    assert (kept.long_tracks, kept.short_tracks, kept.dropped_poses) == (2, 29, 0)


def test_the_inferencer_needs_to_know_how_long_a_frame_lasts():
    rig, poses = room_rig(), walk(frames=12)
    frames = detected(rig, poses)
    for views in frames[3:]:
        for name in views:
            views[name] = views[name][:1]  # the other leaves
    known = {str(frame): views for frame, views in enumerate(frames)}
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, device='cpu')
    with fails(InputError, code='missing-value', expected='fps'):
        list(inferencer(keypoints=known, min_track_s=0.5))
    everybody = [len(people.track_ids) for people in inferencer(keypoints=known, fps=10)]
    assert everybody == [2] * 3 + [1] * 9
    session = inferencer.open(keypoints=known, fps=10, min_track_s=0.5)
    assert [len(result.poses) for result in session] == [1] * 12
    assert session.track_filter.dropped_poses == 3
