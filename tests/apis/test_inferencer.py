import gc
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from errors import fails

torch = pytest.importorskip('torch', reason='inference needs torch')
pytest.importorskip('mmengine', reason='inference needs MMEngine')

import cv2  # noqa: E402
from bar_images import BarReader, image  # noqa: E402
from mmengine.config import Config  # noqa: E402
from mmengine.structures import InstanceData  # noqa: E402
from walking import SIZE, SPACE, detected, room_rig, walk  # noqa: E402

from mmpose_ours.apis.inferencer import MultiviewInferencer  # noqa: E402
from mmpose_ours.apis.view_sources import Views  # noqa: E402
from mmpose_ours.calibration import write_rig  # noqa: E402
from mmpose_ours.datasets import LoadMultiviewImages  # noqa: E402
from mmpose_ours.errors import InputError  # noqa: E402
from mmpose_ours.io.package_files import share  # noqa: E402
from mmpose_ours.predictions.reading import PredictionsWriter, read_predictions  # noqa: E402
from mmpose_ours.structures.skeletons import SKELETONS  # noqa: E402

TRIANGULATION = share('configs') / 'ours' / 'triangulation_ours.py'
FRAMES = 12


@pytest.fixture(scope='module')
def recording():
    rig, poses = room_rig(), walk(frames=FRAMES)
    return rig, poses, detected(rig, poses)


class Blind:
    name, version = 'blind', '1'

    def detect(self, images):
        return [np.zeros((0, 17, 3), np.float32) for _ in images]


def _image(view, frame):
    return image(view, frame, SIZE)


def _write_images(root, views=4):
    for view in range(views):
        (root / f'cam{view}').mkdir(parents=True)
        for frame in range(FRAMES):
            cv2.imwrite(str(root / f'cam{view}' / f'{frame:03}.png'), _image(view, frame))
    return root


def _errors(everybody, poses):
    """Distance of each found person from the nearest true one, frame by frame."""
    return [
        np.linalg.norm(people.poses.xyz_mm[:, None] - truth, axis=-1).mean(-1).min(1)
        for people, truth in zip(everybody, poses)
    ]


@pytest.mark.parametrize('config', [None, TRIANGULATION])
@pytest.mark.parametrize('batch_size', [1, 5])
def test_keypoints_become_people_with_track_ids(recording, config, batch_size):
    rig, poses, frames = recording
    inferencer = MultiviewInferencer(config, rig=rig, space=SPACE, device='cpu')
    known = {str(frame): views for frame, views in enumerate(frames)}
    session = inferencer.open(keypoints=known, batch_size=batch_size)
    everybody = list(session)
    assert [people.frame for people in everybody] == list(known)
    assert all(people.poses.xyz_mm.shape == (2, 17, 3) for people in everybody)
    assert np.concatenate(_errors(everybody, poses)).max() < 60
    by_id = [people.poses.xyz_mm[people.track_ids.argsort(), :, :2].mean(1) for people in everybody]
    assert np.linalg.norm(np.diff(by_id, axis=0), axis=-1).max() < 300
    assert all((people.poses.views == 4).all() for people in everybody)
    assert '3D poses' in session.timing()


def test_folders_lists_and_streams_give_the_same(recording, tmp_path):
    rig, poses, frames = recording
    root = _write_images(tmp_path)
    detector = BarReader(frames)
    rig_file = tmp_path / 'camera_parameters.json'
    write_rig(rig, rig_file, 'panoptic')
    inferencer = MultiviewInferencer(rig=rig_file, space=SPACE, detector=detector, device='cpu')
    folder = list(inferencer(root, batch_size=3))
    assert detector.asked == 4 * FRAMES
    kept = tmp_path / 'kept.npz'
    for _ in range(2):
        again = list(inferencer(root, keep_keypoints=kept))
        assert detector.asked == 8 * FRAMES
    np.testing.assert_allclose(again[3].poses.xyz_mm, folder[3].poses.xyz_mm, atol=1)
    lists = inferencer({f'cam{v}': sorted((root / f'cam{v}').glob('*.png')) for v in range(4)})
    stream = inferencer({f'cam{v}': _image(v, f) for v in range(4)} for f in range(FRAMES))
    for one, two, three in zip(folder, lists, stream):
        np.testing.assert_allclose(one.poses.xyz_mm, two.poses.xyz_mm, atol=0.1)
        np.testing.assert_allclose(one.poses.xyz_mm, three.poses.xyz_mm, atol=0.1)
    assert np.concatenate(_errors(folder, poses)).max() < 60


def test_any_path_like_object_names_images_and_keypoints(recording, tmp_path):
    rig, poses, frames = recording
    _write_images(tmp_path / 'images')
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, detector=BarReader(frames), device='cpu')
    (folder,) = os.scandir(tmp_path)
    kept = tmp_path / 'images' / 'kept.npz'
    everybody = list(inferencer(folder, keep_keypoints=kept))
    assert np.concatenate(_errors(everybody, poses)).max() < 60
    (file,) = (entry for entry in os.scandir(folder) if entry.is_file())
    again = list(inferencer(keypoints=file))
    # A stream is measured on its first frames, a file on frames of all of it.
    np.testing.assert_allclose(again[3].poses.xyz_mm, everybody[3].poses.xyz_mm, atol=20)


def test_a_camera_that_dies_does_not_end_the_run(recording, tmp_path):
    rig, poses, frames = recording
    root = _write_images(tmp_path)
    for frame in range(6, FRAMES):
        (root / 'cam3' / f'{frame:03}.png').unlink()
    (root / 'cam1' / '004.png').write_bytes(b'no image')
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, detector=BarReader(frames), device='cpu')
    session = inferencer.open(root)
    everybody = list(session)
    assert len(everybody) == FRAMES
    assert everybody[4].cameras == ('cam0', 'cam2', 'cam3')
    assert everybody[8].cameras == ('cam0', 'cam1', 'cam2')
    assert np.concatenate(_errors(everybody, poses)).max() < 80
    fewer, broken = session.notes
    assert 'cam3: 6' in fewer and "'cam1'" in broken and '004.png' in broken


def test_offsets_bring_videos_together(recording, tmp_path):
    rig, poses, frames = recording
    for view in range(4):
        video = cv2.VideoWriter(
            str(tmp_path / f'cam{view}.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 20, SIZE
        )
        early = 3 if view == 2 else 0
        for frame in [0] * early + list(range(FRAMES)):
            video.write(_image(view, frame))
        video.release()
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, detector=BarReader(frames), device='cpu')
    everybody = list(inferencer(tmp_path, frame_offsets={'cam2': 3}, smooth=True))
    assert len(everybody) == FRAMES
    assert np.concatenate(_errors(everybody, poses)).max() < 80


def test_images_of_another_size_are_refused(recording):
    rig, _, frames = recording
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, detector=BarReader(frames), device='cpu')
    small = {name: np.zeros((360, 640, 3), np.uint8) for name in rig.names}
    sizes = dict(found=(640, 360), expected=(1280, 720))
    with fails(InputError, code='wrong-shape', camera='cam0', **sizes):
        list(inferencer([small]))


def test_what_is_missing_is_reported(recording):
    rig = recording[0]
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, device='cpu')
    with fails(InputError, code='missing-value', expected=['inputs', 'keypoints']):
        next(inferencer())
    with fails(InputError, code='missing-value', expected=['keypoints', 'detector']):
        next(inferencer([{}]))
    with fails(InputError, code='missing-value', expected='fps'):
        next(inferencer(keypoints={'0': recording[2][0]}, smooth=True))
    fast = share('configs') / 'ours' / 'faster_voxelpose_ours.py'
    missing = dict(found='FasterVoxelPose', expected='checkpoint')
    with fails(InputError, code='missing-value', **missing):
        MultiviewInferencer(fast, rig=rig, space=SPACE)


class _TellsWhatItSees(torch.nn.Module):
    """A model that looks at images: its people stand as high as the images are bright."""

    joints = SKELETONS['coco17']

    def test_step(self, batch):
        samples = batch['data_samples']
        for images, sample in zip(batch['inputs']['images'], samples):
            poses = images.float().mean() * torch.ones(1, 17, 3)
            sample.pred_instances = InstanceData(keypoints_3d=poses, scores=torch.ones(1))
        return samples


def test_a_model_of_images_gets_decoded_images_and_no_keypoints(recording, tmp_path):
    rig, _, frames = recording
    root = _write_images(tmp_path)
    inferencer = MultiviewInferencer(TRIANGULATION, rig=rig, space=SPACE, device='cpu')
    inferencer.model, inferencer.sees_images = _TellsWhatItSees(), True
    inferencer.pipeline.transforms.insert(0, LoadMultiviewImages((320, 180)))
    everybody = list(inferencer(root, batch_size=2))
    expected = [np.mean([_image(view, frame).mean() for view in range(4)]) for frame in range(3)]
    found = [people.poses.xyz_mm.mean() for people in everybody[:3]]
    assert found == pytest.approx(expected, abs=1.0)
    assert everybody[0].keypoints == {}
    with fails(InputError, code='conflict', found='_TellsWhatItSees'):
        next(inferencer(root, keypoints={'0': frames[0]}))


def test_nobody_is_explained(recording):
    rig, _, frames = recording
    swapped = {str(i): {**d, 'cam0': d['cam1'], 'cam1': d['cam0']} for i, d in enumerate(frames)}
    inferencer = MultiviewInferencer(rig=rig, space=SPACE, device='cpu')
    session = inferencer.open(keypoints=swapped)
    assert session.run() == len(swapped)
    assert "'cam0'" in session.diagnose().causes[0]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording(recording, monkeypatch):
    rig, _, frames = recording
    detector = BarReader(frames)
    inferencer = MultiviewInferencer(
        TRIANGULATION, rig=rig, space=SPACE, detector=detector, device='cpu'
    )
    blank = {f'cam{v}': _image(v, 0)[:10, :10] for v in range(4)}
    # Images as large as the cameras' would only test NumPy.
    monkeypatch.setattr(Views, '_decode', lambda self, frame, name, image: image)

    def kept(count):
        """Bytes that are in use when the last frame of so many is there."""
        tracemalloc.start()
        for _ in inferencer(blank for _ in range(count)):
            pass
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size

    kept(50)
    few, many = kept(150), kept(600)
    # Keeping what was detected would take 700,000.
    assert many < few + 100_000


def test_real_panoptic_folder_is_read(shared_data: Path):
    folder = shared_data / 'panoptic_demo'
    names = ['00_03', '00_06', '00_12', '00_13', '00_23']
    inferencer = MultiviewInferencer(
        rig=folder / 'camera_parameters.json',
        cameras=names,
        detector=Blind(),
        device='cpu',
    )
    session = inferencer.open(folder)
    everybody = list(session)
    assert len(everybody) == 5 and everybody[0].cameras == tuple(names)
    assert 'found nobody in any image' in str(session.diagnose())


def test_two_recordings_run_in_turn(recording):
    """Nothing of one session is in the other, temporal tracking included."""
    rig, _, frames = recording
    config = Config.fromfile(TRIANGULATION)
    config.model.temporal = True
    inferencer = MultiviewInferencer(config, rig=rig, space=SPACE, device='cpu')
    first = {str(i): views for i, views in enumerate(frames)}
    # The other recording: one of two people, and one camera fewer in every other frame.
    second = {
        str(i): {name: people[:1] for name, people in list(views.items())[i % 2 :]}
        for i, views in enumerate(frames)
    }
    alone = [list(inferencer.open(keypoints=known)) for known in (first, second)]
    sessions = [inferencer.open(keypoints=known, fps=25) for known in (first, second)]
    together = list(zip(*sessions))
    for known, results in zip(alone, zip(*together)):
        for expected, result in zip(known, results):
            assert expected.frame == result.frame
            np.testing.assert_array_equal(expected.track_ids, result.track_ids)
            np.testing.assert_array_equal(expected.poses.xyz_mm, result.poses.xyz_mm)
    assert [session.statistics.poses for session in sessions] == [
        sum(len(result.poses) for result in results) for results in alone
    ]
    assert sessions[0].notes is not sessions[1].notes


def test_results_go_to_sinks(recording, tmp_path):
    rig, _, frames = recording
    inferencer = MultiviewInferencer(TRIANGULATION, rig=rig, space=SPACE, device='cpu')
    session = inferencer.open(keypoints={str(i): views for i, views in enumerate(frames)})
    kept = []
    with PredictionsWriter(tmp_path / 'people.json') as writer:
        assert session.run(writer, kept.append) == len(frames) == len(kept)
    written = read_predictions(tmp_path / 'people.json')
    for result in kept:
        frame = int(result.frame)
        np.testing.assert_allclose(written.frames[frame].xyz_mm, result.poses.xyz_mm, atol=1e-3)
        np.testing.assert_array_equal(written.frames[frame].track_ids, result.track_ids)


@pytest.mark.parametrize(
    ('options', 'code', 'found'),
    [
        (dict(batch_size=0), 'out-of-range', 0),
        (dict(batch_size=-1), 'out-of-range', -1),
        (dict(fps=0.0), 'out-of-range', 0.0),
        (dict(fps=float('inf')), 'out-of-range', float('inf')),
        (dict(min_track_s=-1.0, fps=25), 'out-of-range', -1.0),
        (dict(frame_offsets={'cam9': 2}), 'unknown-camera', 'cam9'),
    ],
)
def test_what_cannot_be_is_refused(recording, options, code, found):
    rig, _, frames = recording
    inferencer = MultiviewInferencer(TRIANGULATION, rig=rig, space=SPACE, device='cpu')
    with fails(InputError, code=code, found=found):
        inferencer.open(keypoints={'0': frames[0]}, **options)


@pytest.mark.parametrize('device', ['cuda:77', 'meta', 'nonsense'])
def test_a_device_that_is_not_there_is_named(device):
    with fails(InputError, code='out-of-range', found=device):
        MultiviewInferencer(rig=room_rig(2), device=device)
