"""The scene of a recording: any floor, up axis and size of the people."""

import numpy as np
import pytest
from walking import detected, room_rig, walk

torch = pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.calibration.alignment.similarity import Similarity  # noqa: E402
from mmpose_ours.detectors import Detector  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.geometry.volume import CaptureVolume  # noqa: E402

FRAMES = 12


def about_x(degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])


WORLDS = {
    'as it is': Similarity(),
    'origin 1.5 m above the floor': Similarity(shift=np.array([0.0, 0.0, -1500.0])),
    'far away': Similarity(shift=np.array([9000.0, -7000.0, 0.0])),
    'tilted': Similarity(about_x(10)),
    'y up': Similarity(about_x(-90)),
    'upside down': Similarity(about_x(180)),
    'children': Similarity(scale=0.6),
    'giants': Similarity(scale=1.25),
}


@pytest.fixture(scope='module')
def recording():
    rig, poses = room_rig(), walk(frames=FRAMES)
    return rig, poses, {str(frame): views for frame, views in enumerate(detected(rig, poses))}


def _inferencer(rig, **options):
    return MultiviewInferencer(rig=rig, any_scale=True, device='cpu', **options)


def _errors(results, poses):
    """(frames, P) mean distance of each true person from the nearest that is found."""
    return np.array(
        [
            np.linalg.norm(result.poses.xyz_mm[:, None] - truth, axis=-1).mean(-1).min(0)
            for result, truth in zip(results, poses)
        ]
    )


@pytest.mark.parametrize('world', WORLDS)
def test_the_same_people_in_any_world(recording, world):
    rig, poses, keypoints = recording
    world = WORLDS[world]
    session = _inferencer(world.of_rig(rig)).open(keypoints=keypoints)
    results = list(session)
    assert [len(result.poses) for result in results] == [2] * FRAMES
    # In the world of the rig, whatever it is.
    errors = _errors(results, [world(truth) for truth in poses])
    assert errors.max() < 60 * world.scale
    scene = session.adaptation.scene
    floor = world(np.zeros(3)) @ scene.from_world.R.T
    assert scene.floor.value == pytest.approx(floor[2], abs=80)
    assert session.space.contains(world(np.array(poses).mean((0, 1, 2))), 500)


@pytest.mark.parametrize('world', ['origin 1.5 m above the floor', 'y up', 'upside down'])
def test_level_results_on_request(recording, world):
    rig, poses, keypoints = recording
    session = _inferencer(WORLDS[world].of_rig(rig)).open(keypoints=keypoints, auto_level=True)
    results = list(session)
    lowest = np.concatenate([result.poses.xyz_mm[..., 2].min(1) for result in results])
    highest = np.concatenate([result.poses.xyz_mm[..., 2].max(1) for result in results])
    assert (np.abs(lowest) < 200).all()
    assert (highest > 1400).all()
    # The rig is in the same world: it sees the people where they were detected.
    people, views = results[0].poses, keypoints['0']
    uv, _ = session.rig.project(people.xyz_mm)
    for name, projected in zip(session.rig.names, uv):
        away = np.linalg.norm(projected[:, None] - views[name][..., :2], axis=-1).mean(-1)
        assert away.min(1).max() < 15
    assert isinstance(session.rig, CameraRig)


def test_people_who_lie_do_not_turn_the_world(recording):
    rig, poses, _ = recording
    # Everybody lies with the head to +y, on the floor.
    lying = (np.array(poses) - (0, 0, 900)) @ about_x(90).T + (0, 0, 100)
    keypoints = {str(frame): views for frame, views in enumerate(detected(rig, lying))}
    session = _inferencer(rig).open(keypoints=keypoints)
    results = list(session)
    assert session.adaptation.scene.tilt.value == 0
    assert [len(result.poses) for result in results] == [2] * FRAMES
    assert _errors(results, lying).max() < 100


def test_nobody_is_dropped_outside_a_volume_that_was_not_given(recording):
    rig, _, keypoints = recording
    elsewhere = CaptureVolume((9000.0, 9000.0, 1000.0), (2000.0, 2000.0, 2000.0))
    inferencer = _inferencer(rig)
    inferencer.space = elsewhere
    assert all(len(result.poses) == 2 for result in inferencer.open(keypoints=keypoints))


def test_only_people_inside_a_given_volume(recording):
    rig, poses, keypoints = recording
    first = np.array(poses)[:, 0].mean((0, 1))
    volume = CaptureVolume((*first[:2], 1000.0), (1000.0, 1000.0, 2400.0))
    results = list(_inferencer(rig, space=volume).open(keypoints=keypoints))
    assert sum(len(result.poses) for result in results) > 0
    for result in results:
        hips = result.poses.skeleton.root_of(result.poses.xyz_mm)
        assert volume.contains(hips, 500).all()
    assert any(len(result.poses) < 2 for result in results)


class Replay(Detector):
    """Reports the people of a recording, image by image."""

    name, version = 'replay', '1'

    def __init__(self, views):
        self.views = iter(views)

    def detect(self, images):
        return [next(self.views) for _ in images]


def test_streams_are_measured_as_they_come(recording):
    rig, poses, keypoints = recording
    world = WORLDS['origin 1.5 m above the floor']
    blank = np.zeros((*rig.cameras[0].size[::-1], 3), np.uint8)
    frames = [dict.fromkeys(rig.names, blank) for _ in range(FRAMES)]
    people = [keypoints[str(f)][name] for f in range(FRAMES) for name in rig.names]
    inferencer = _inferencer(world.of_rig(rig), detector=Replay(people))
    results = list(inferencer.open(frames))
    assert [len(result.poses) for result in results] == [2] * FRAMES
    assert _errors(results, [world(truth) for truth in poses]).max() < 60


def test_a_recording_of_nobody_says_so(recording):
    rig, _, keypoints = recording
    nobody = {frame: {name: np.zeros((0, 17, 3)) for name in rig.names} for frame in keypoints}
    session = _inferencer(rig).open(keypoints=nobody)
    assert sum(len(result.poses) for result in session) == 0
    assert session.adaptation.scene.people == 0
    assert len(session.assumptions()) == 3


def test_the_noise_of_each_camera_is_measured():
    rig, poses = room_rig(), walk(frames=40)
    frames = detected(rig, poses, noise_px=2.0)
    rng = np.random.default_rng(1)
    for views in frames:
        views['cam1'][..., :2] += rng.normal(0, 10, views['cam1'][..., :2].shape)
    session = _inferencer(rig).open(keypoints={str(i): views for i, views in enumerate(frames)})
    next(session)
    noise = session.adaptation.noise
    of_camera = dict(zip(noise.cameras, noise.ray_std_mm.square().mean(1).sqrt().tolist()))
    # 2 px at 5 m with a focal length of 800 px are 12 mm, 10 px are 60 mm.
    usual = np.median(list(of_camera.values()))
    assert 8 < usual < 25
    assert 2 * usual < of_camera['cam1'] < 90
    assert 'cam1' in session.assumptions()[2]


def test_three_views_that_agree_outvote_the_network(recording):
    rig, poses, keypoints = recording
    inferencer = _inferencer(rig)
    # A network that thinks nothing of anybody.
    with torch.no_grad():
        inferencer.model.net.to_score.bias.fill_(-20.0)
    results = list(inferencer.open(keypoints=keypoints))
    assert [len(result.poses) for result in results] == [2] * FRAMES
    two = _inferencer(rig, cameras=rig.names[:2])
    with torch.no_grad():
        two.model.net.to_score.bias.fill_(-20.0)
    assert not any(len(result.poses) for result in two.open(keypoints=keypoints))
