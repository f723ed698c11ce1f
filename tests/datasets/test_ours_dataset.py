import json
import shutil

import cv2
import numpy as np
import pytest
from dataset_files import (
    FRAMES,
    NAMES,
    SIZE,
    SPACE,
    small_rig,
    two_people,
    write_images,
    write_ours,
)
from errors import fails

from mmpose_ours.calibration import CalibrationError, write_rig
from mmpose_ours.datasets import OursDataset
from mmpose_ours.datasets import ours as ours_module
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.predictions.reading import write_predictions
from mmpose_ours.scope import DATASETS

IMAGE_PIPELINE = [
    dict(type='LoadMultiviewImages', image_size=(160, 120)),
    dict(type='PackMultiviewInputs'),
]


@pytest.fixture
def folder(tmp_path):
    write_ours(tmp_path / 'Ours')
    return tmp_path / 'Ours'


def build(folder, **changes):
    settings = dict(type='OursDataset', data_root=str(folder), space=SPACE, test_mode=True)
    return DATASETS.build({**settings, **changes})


def image_mode(folder, **changes):
    return build(folder, keypoint_file=None, pipeline=IMAGE_PIPELINE, **changes)


def test_loads_the_folder_of_the_newcomer(folder):
    dataset = build(folder)
    assert isinstance(dataset, OursDataset) and len(dataset) == 3
    for index, frame in enumerate(FRAMES):
        item = dataset[index]
        sample = item['data_samples']
        assert sample.frame_id == frame and sample.rig.names == NAMES
        assert item['inputs']['keypoints'].shape == (3, 2, 17, 3)
        assert [path.split('/')[-2:] for path in sample.img_paths] == [
            [name, f'{frame}.png'] for name in NAMES
        ]
        assert 'gt_instances' not in sample
    # The keypoints are where the rig sees the people.
    uv, _ = sample.rig.project(two_people().poses)
    found = item['inputs']['keypoints'].numpy()[..., :2]
    nearest = np.abs(found[:, :, None] - uv[:, None]).max((-1, -2)).min(2)
    assert nearest.max() < 0.01


def test_any_subset_and_order_of_cameras_by_name(folder):
    whole = build(folder)[0]
    part = build(folder, cameras=['gate_2', 'left'])[0]
    assert part['data_samples'].rig.names == ('gate_2', 'left')
    for row, name in enumerate(('gate_2', 'left')):
        view = NAMES.index(name)
        np.testing.assert_array_equal(
            part['inputs']['keypoints'][row], whole['inputs']['keypoints'][view]
        )
        assert part['data_samples'].img_paths[row] == whole['data_samples'].img_paths[view]


def test_an_unknown_or_single_camera_is_an_error(folder):
    file = folder / 'camera_parameters.json'
    known = dict(file=file, camera='roof', expected=list(NAMES))
    with fails(CalibrationError, code='unknown-camera', **known):
        build(folder, cameras=['left', 'roof'])
    with fails(CalibrationError, code='no-data', file=file, found=1, expected=2):
        build(folder, cameras=['left'])


def test_the_order_of_frames_is_that_of_time(folder):
    path = folder / 'keypoints_2d.json'
    data = json.loads(path.read_text())
    views = data['frames']['000007']
    path.write_text(json.dumps({'frames': {name: views for name in ('10', '9', '1000', 'b', 'a')}}))
    dataset = build(folder)
    frames = [dataset[i]['data_samples'].frame_id for i in range(5)]
    assert frames == ['9', '10', '1000', 'a', 'b']


def test_frames_match_images_whatever_the_leading_zeros(folder):
    path = folder / 'keypoints_2d.json'
    data = json.loads(path.read_text())
    path.write_text(json.dumps({'frames': {'7': data['frames']['000007']}}))
    paths = build(folder)[0]['data_samples'].img_paths
    assert all(path.endswith('000007.png') for path in paths)


def test_keypoints_alone_are_enough(folder):
    for name in NAMES:
        shutil.rmtree(folder / name)
    item = build(folder)[0]
    assert item['data_samples'].img_paths == [None, None, None]
    assert item['inputs']['keypoints'].shape == (3, 2, 17, 3)


def test_a_camera_that_found_nobody_in_a_frame_is_an_empty_view(folder):
    path = folder / 'keypoints_2d.json'
    data = json.loads(path.read_text())
    del data['frames']['000008']['right']
    path.write_text(json.dumps(data))
    scores = build(folder)[1]['inputs']['keypoints'][..., 2]
    assert (scores[1] == 0).all() and (scores[[0, 2]] > 0).any(-1).any(-1).all()


def test_body25_keypoints_are_converted(folder):
    path = folder / 'keypoints_2d.json'
    person = [[j, 2 * j, 0.5] for j in range(25)]
    views = {name: [person] for name in NAMES}
    path.write_text(json.dumps({'joints': 'body25', 'frames': {'7': views}}))
    keypoints = build(folder)[0]['inputs']['keypoints'].numpy()
    assert keypoints.shape == (3, 1, 17, 3)
    # nose; left wrist is body25's 7, right ankle its 11.
    np.testing.assert_allclose(keypoints[0, 0, [0, 9, 16], 0], [0, 7, 11])


def test_a_missing_keypoint_file_is_an_error_that_says_what_to_do(folder):
    (folder / 'keypoints_2d.json').unlink()
    # An OSError, without our fields; this one and those below.
    with pytest.raises(FileNotFoundError, match=r'keypoints_2d\.json: no 2D keypoints .*detect'):
        build(folder)


def test_keypoints_without_one_of_the_cameras_are_an_error(folder):
    path = folder / 'keypoints_2d.json'
    data = json.loads(path.read_text())
    for views in data['frames'].values():
        del views['gate_2']
    path.write_text(json.dumps(data))
    where = dict(file=path, camera='gate_2', expected=['left', 'right'])
    with fails(FileFormatError, code='unknown-camera', **where):
        build(folder)
    assert len(build(folder, cameras=['left', 'right'])) == 3


def test_image_mode_loads_frames_that_all_cameras_have(folder):
    (folder / 'right' / '000008.png').unlink()
    dataset = image_mode(folder)
    assert [dataset[i]['data_samples'].frame_id for i in range(len(dataset))] == ['7', '10']
    item = dataset[0]
    assert item['inputs']['images'].shape == (3, 3, 120, 160)
    assert 'keypoints' not in item['inputs']


def test_image_mode_needs_every_cameras_folder(folder):
    shutil.rmtree(folder / 'right')
    message = r"Ours: no images of camera 'right'; name their folder after it \(right/\)"
    with pytest.raises(FileNotFoundError, match=message):
        image_mode(folder)
    assert len(image_mode(folder, cameras=['left', 'gate_2'])) == 3


def test_images_may_lie_in_one_folder_or_in_those_of_campus(folder):
    for path in (folder / 'left').iterdir():
        path.rename(folder / f'left_{path.name}')
    (folder / 'right').rename(folder / 'Cameraright')
    (folder / 'right').mkdir()
    (folder / 'gate_2' / '._000008.png').write_bytes(b'macOS')
    dataset = image_mode(folder)
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    assert [sample.frame_id for sample in samples] == ['7', '8', '10']
    assert [path[len(str(folder)) + 1 :] for path in samples[1].img_paths] == [
        'left_000008.png', 'Cameraright/000008.png', 'gate_2/000008.png',
    ]  # fmt: skip
    # One image each, called like its camera.
    for path in (*folder.rglob('*00007.png'), *folder.rglob('*00010.png')):
        path.unlink()
    for path, name in zip(samples[1].img_paths, NAMES):
        (folder / path).rename(folder / f'{name}.png')
    assert [image_mode(folder)[0]['data_samples'].img_paths] == [
        [str(folder / f'{name}.png') for name in NAMES]
    ]


def test_image_mode_needs_common_frames(folder):
    shutil.rmtree(folder / 'right')
    write_images(folder, frames=('000100', '000101'), names=('right',))
    counts = dict(left=3, right=2, gate_2=3)
    with fails(InputError, code='no-match', file=folder, found=counts):
        image_mode(folder)


def test_an_image_of_another_size_than_calibrated_is_an_error(folder):
    image = np.zeros((SIZE[1] * 2, SIZE[0] * 2, 3), np.uint8)
    cv2.imwrite(str(folder / 'right' / '000008.png'), image)
    dataset = image_mode(folder)
    dataset[0]
    where = dict(file=folder / 'right' / '000008.png', camera='right', frame='8')
    sizes = dict(found=(640, 480), expected=(320, 240))
    with fails(InputError, code='wrong-shape', **where, **sizes):
        dataset[1]


def test_a_missing_or_broken_image_is_an_error_that_names_it(folder):
    (folder / 'left' / '000007.png').write_text('no image')
    file = folder / 'left' / '000007.png'
    with fails(FileFormatError, code='file-format', file=file, camera='left', frame='7'):
        image_mode(folder)[0]
    (folder / 'left' / '000007.png').unlink()
    with pytest.raises(FileNotFoundError, match=r"camera 'left', frame 000007: no readable image;"):
        build(folder, pipeline=IMAGE_PIPELINE)[0]


def test_swapped_width_and_height_is_an_error(folder):
    path = folder / 'camera_parameters.json'
    data = json.loads(path.read_text())
    data['cameras'][1]['resolution'] = [240, 320]
    path.write_text(json.dumps(data))
    sizes = dict(found=(240, 320), expected=(320, 240))
    with fails(CalibrationError, code='conflict', file=path, camera='right', **sizes):
        build(folder)


def test_a_missing_calibration_is_an_error(folder):
    file = folder / 'camera_parameters.json'
    file.unlink()
    with fails(CalibrationError, code='no-data', file=file):
        build(folder)


def test_truth_becomes_instances(folder):
    poses = two_people().poses
    poses[1, 9] = np.nan
    frames = {7: poses, 8: poses[:0], 10: poses[:1]}
    write_predictions(folder / 'truth.json', frames)
    dataset = build(folder, truth_file='truth.json')
    people = [dataset[i]['data_samples'].gt_instances for i in range(3)]
    assert [len(p.keypoints_3d) for p in people] == [2, 0, 1]
    assert people[0].visible.sum() == 33 and not people[0].visible[1, 9]
    known = people[0].visible.numpy()
    np.testing.assert_allclose(people[0].keypoints_3d.numpy()[known], poses[known], atol=0.01)
    assert np.isfinite(people[0].keypoints_3d.numpy()).all()


def test_truth_of_another_skeleton_unit_and_axis_is_converted(folder):
    person = [[j * 0.1, -1.0, 2.0] for j in range(19)]  # metres, y down
    data = {'unit': 'm', 'joints': 'panoptic19', 'up': '-y', 'frames': {'000007': [person]}}
    (folder / 'truth.json').write_text(json.dumps(data))
    instances = build(folder, truth_file='truth.json')[0]['data_samples'].gt_instances
    assert instances.visible.all()
    # The nose is panoptic19's joint 1.
    np.testing.assert_allclose(instances.keypoints_3d[0, 0], [100, 2000, 1000])


def test_frames_without_truth_are_reported(folder, monkeypatch):
    reported = []
    monkeypatch.setattr(ours_module, 'print_log', lambda message, **_: reported.append(message))
    write_predictions(folder / 'truth.json', {7: two_people().poses})
    dataset = build(folder, truth_file='truth.json')
    assert (
        len(reported) == 1
        and reported[0].startswith('2 of 3 frames')
        and 'truth.json' in reported[0]
    )
    assert len(dataset[1]['data_samples'].gt_instances.keypoints_3d) == 0


def test_truth_of_other_frames_is_an_error(folder):
    write_predictions(folder / 'truth.json', {500: two_people().poses})
    frames = dict(found=['500'], expected=['000007', '000008', '000010'])
    with fails(InputError, code='no-match', file=folder / 'truth.json', **frames):
        build(folder, truth_file='truth.json')


def test_another_calibration_format_can_be_named(folder):
    write_rig(small_rig(), folder / 'calibration.json', 'campus')
    dataset = build(folder, rig_file='calibration.json', rig_format='campus', image_size=SIZE)
    assert dataset.rig.cameras[0].size == SIZE


def rewritten(folder, change):
    """The keypoint file with every joint passed through ``change``."""
    path = folder / 'keypoints_2d.json'
    data = json.loads(path.read_text())
    for views in data['frames'].values():
        for people in views.values():
            for person in people:
                person[:] = [joint and change(joint) for joint in person]
    path.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ('change', 'code', 'highest', 'expected'),
    [
        (lambda j: [j[0] / 1e4, j[1] / 1e4, j[2]], 'out-of-range', 0.1, SIZE),  # normalised
        (lambda j: [j[0] + 3000, j[1], j[2]], 'out-of-range', 3400.0, SIZE),
    ],
)
def test_keypoints_of_another_image_size_are_an_error(folder, change, code, highest, expected):
    rewritten(folder, change)
    where = dict(file=folder / 'keypoints_2d.json', camera='left', expected=expected)
    with fails(FileFormatError, code=code, **where) as caught:
        build(folder)
    assert highest / 10 < np.max(caught.value.found) <= highest


def test_one_frame_under_two_names_is_an_error(folder):
    path = folder / 'keypoints_2d.json'
    views = json.loads(path.read_text())['frames']['000007']
    path.write_text(json.dumps({'frames': {'7': views, '000007': views}}))
    with fails(FileFormatError, code='duplicate', file=path, found=['7', '000007']):
        build(folder)


def test_a_small_rig_can_be_meant(folder, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        'mmpose_ours.sources.site.read_rig',
        lambda path, *args, **kwargs: seen.update(kwargs) or small_rig(),
    )
    build(folder, any_scale=True)
    assert seen['any_scale'] is True


def test_misspelt_options_are_one_sentence(folder):
    known = ['center_mm', 'size_mm']
    with fails(InputError, code='unknown-name', found=['center'], expected=known):
        build(folder, space=dict(center=(0, 0, 0)))
    with fails(InputError, code='unknown-name', found=['jiter']):
        DATASETS.build(
            dict(
                type='SyntheticDataset',
                rig_file=str(folder / 'camera_parameters.json'),
                num_samples=1,
                space=SPACE,
                faults=dict(jiter=1),
            )
        )
