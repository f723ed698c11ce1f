"""Recordings of animals through the inferencer."""

import numpy as np
import pytest
from animals import FPS, RIG, detected, dog20, errors_of, ray_noise_mm, walk
from errors import fails

pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.errors import InputError  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.geometry.volume import CaptureVolume  # noqa: E402

FRAMES = 30
FAULTS = dict(missing=0.1, outliers=0.05)


@pytest.fixture(scope='module')
def skeleton(tmp_path_factory):
    return dog20(tmp_path_factory.mktemp('metainfo'))


@pytest.fixture(scope='module')
def truth():
    return walk(frames=FRAMES)


@pytest.fixture(scope='module')
def keypoints(truth, skeleton):
    frames = detected(truth, skeleton, **FAULTS)
    return {str(number): views for number, views in enumerate(frames)}


def opened(keypoints, rig=RIG, space=None, **options):
    return MultiviewInferencer(rig=rig, space=space, device='cpu').open(
        keypoints=keypoints, **options
    )


@pytest.mark.parametrize('batch_size', [1, 7])
def test_animals_are_found_and_tracked(keypoints, truth, skeleton, batch_size):
    session = opened(keypoints, fps=FPS, batch_size=batch_size)
    results = list(session)
    assert session.of_objects and session.skeleton == skeleton
    assert all(result.poses.skeleton == skeleton for result in results)
    errors, unmatched = errors_of([result.poses.xyz_mm for result in results], truth)
    assert unmatched == 0 and np.isfinite(errors).any(-1).mean() > 0.98
    assert np.nanmean(errors) < 1.2 * ray_noise_mm(truth, 2.0)
    owners = {}
    for number, result in enumerate(results):
        away = np.linalg.norm(result.poses.xyz_mm[:, None] - truth[number], axis=-1)
        for track, animal in zip(result.track_ids.tolist(), np.nanmedian(away, -1).argmin(1)):
            owners.setdefault(track, set()).add(int(animal))
    assert sorted(owners) == [0, 1, 2]
    assert sorted(animal for each in owners.values() for animal in each) == [0, 1, 2]


def test_volume_is_around_the_animals(keypoints, truth):
    session = opened(keypoints)
    list(session)
    points = truth.reshape(-1, 3)
    assert (session.space.lower_mm < points.min(0) + 100).all()
    assert (session.space.upper_mm > points.max(0) - 100).all()
    assert max(session.space.size_mm) < 6500
    assert len(session.assumptions()) == 3


def test_those_outside_a_given_volume_are_dropped(keypoints, truth):
    center = np.median(truth[:, 0], axis=1).mean(0)
    space = CaptureVolume(tuple(center), (900.0, 900.0, 1500.0))
    for number, result in enumerate(opened(keypoints, space=space)):
        middle = np.nanmedian(result.poses.xyz_mm, axis=1)
        assert space.contains(middle).all()
        assert len(middle) <= space.contains(np.median(truth[number], axis=1), 100.0).sum()


def test_smoothing_makes_them_less_shaky(keypoints, truth):
    rough, smooth = (
        [result.poses for result in opened(keypoints, fps=FPS, smooth=smooth)]
        for smooth in (False, True)
    )

    def shake(results):
        track = np.array([poses.xyz_mm[poses.track_ids == 0][0] for poses in results[:15]])
        return np.nanmedian(np.abs(np.diff(track, n=2, axis=0)))

    assert shake(smooth) < 0.8 * shake(rough)


def test_nothing_wrong_is_found_and_shifted_cameras_are(keypoints, truth, skeleton):
    session = opened(keypoints)
    list(session)
    assert session.diagnose().causes == ()
    frames = detected(walk(frames=60), skeleton, noise_px=1.0)
    shifted = {str(i): {**frames[i], RIG.names[2]: frames[i + 8][RIG.names[2]]} for i in range(52)}
    session = opened(shifted)
    list(session)
    diagnosis = session.diagnose()
    assert diagnosis.certain and len(diagnosis.causes) == 1
    assert "{'cam0': 8, 'cam1': 8, 'cam3': 8}" in diagnosis.next_step


@pytest.mark.parametrize('option', ['body_only', 'auto_level'])
def test_what_needs_people_is_refused(keypoints, option):
    with fails(InputError, code='conflict', found='dog20'):
        opened(keypoints, **{option: True})


class DogDetector:
    """Finds the animals of a frame by the number that its images show."""

    name, version = 'dogs', '1'

    def __init__(self, skeleton, frames):
        self.skeleton, self._frames = skeleton, frames

    def detect(self, images):
        return [self._frames[image[0, 0, 0]][RIG.names[image[0, 0, 1]]].array for image in images]


def test_a_detector_of_animals(truth, skeleton):
    frames = detected(truth[:12], skeleton)
    blank = np.zeros((720, 1280, 3), np.uint8)

    def images():
        for number in range(12):
            views = {}
            for view, name in enumerate(RIG.names):
                views[name] = blank.copy()
                views[name][0, 0] = number, view, 0
            yield views

    detector = DogDetector(skeleton, frames)
    session = MultiviewInferencer(rig=RIG, detector=detector, device='cpu').open(images())
    errors, unmatched = errors_of([result.poses.xyz_mm for result in session], truth[:12])
    assert unmatched == 0 and np.isfinite(errors).all()
    assert session.of_objects and max(session.space.size_mm) < 6500


def test_nobody_and_one_camera(skeleton, keypoints):
    nobody = {frame: {name: people.only([]) for name, people in views.items()}
              for frame, views in keypoints.items()}  # fmt: skip
    session = opened(nobody)
    assert [len(result.poses) for result in session] == [0] * FRAMES
    assert session.skeleton == skeleton and session.diagnose().causes
    alone = CameraRig(RIG.cameras[:2])
    one = {frame: {alone.names[0]: views[alone.names[0]]} for frame, views in keypoints.items()}
    assert [len(result.poses) for result in opened(one, alone)] == [0] * FRAMES
