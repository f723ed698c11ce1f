"""PanopticDataset on synthetic sequences; projections against stock MMPose 0.29."""

from pathlib import Path

import numpy as np
import pytest
from dataset_files import small_rig
from errors import fails
from mmengine.config import Config
from panoptic_files import write_sequence

from mmpose_ours.calibration import CalibrationError, write_rig
from mmpose_ours.datasets import PanopticDataset
from mmpose_ours.detections import write_detections
from mmpose_ours.errors import InputError
from mmpose_ours.scope import DATASETS, MODELS
from mmpose_ours.workflows.prepare import downloads as field_datasets

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'panoptic'
REFERENCE = Path(__file__).resolve().parents[1] / 'stock_reference' / 'panoptic.npz'
SPACE = dict(center_mm=(0, 0, 1000), size_mm=(4000, 4000, 2000))
EMPTY, HIPLESS = 5, 9


@pytest.fixture(scope='module')
def people():
    with np.load(REFERENCE) as arrays:
        return dict(arrays)


@pytest.fixture
def folder(people, tmp_path):
    write_sequence(tmp_path, 'synthetic', people)
    return tmp_path


def build(folder, **options):
    options = {'sequences': ['synthetic'], 'cameras': None, 'space': SPACE, **options}
    return PanopticDataset(str(folder), test_mode=True, **options)


def test_truth_and_projection_are_those_of_stock(folder, people):
    dataset = build(folder, faults=None, joints='panoptic19', empty_frames=False)
    assert [dataset.get_data_info(i)['frame_id'] for i in range(len(dataset))] == list(
        people['kept']
    )
    compared = 0
    for index, pixels in enumerate(people['pixels']):  # (V, 10, 15, 3)
        info = dataset.get_data_info(index)
        uv, valid = info['rig'].project(info['keypoints_3d'][:, :15])
        count = len(info['keypoints_3d'])
        assert not pixels[:, count:].any()
        for view, camera in enumerate(info['rig']):
            seen = info['visible'][:, :15] & valid[view] & camera.in_image(uv[view])
            theirs = pixels[view, :count]
            inside = seen & (theirs[..., 2] > 0)
            assert (seen == (theirs[..., 2] > 0)).mean() > 0.995  # the border pixel itself
            np.testing.assert_allclose(uv[view][inside], theirs[inside][:, :2], atol=0.02)
            compared += int(inside.sum())
            found = info['keypoints_2d'][view]
            found = found[found[..., 2].any(-1)]
            # The keypoints are the same pixels, people in any order, and a body without hips.
            for person, known in zip(theirs[:, 3:], inside[:, 3:]):
                if known.sum() < 3:
                    continue
                off = np.abs(found[:, 3:15, :2] - person[:, :2]).max(-1)
                both = known & (found[:, 3:15, 2] > 0)
                assert np.where(both.any(-1), np.where(both, off, 0).max(-1), 1e3).min() < 0.05
    assert compared > 500


def test_people_without_hips_do_not_count_but_are_seen(folder):
    dataset = build(folder, faults=None)
    infos = {info['frame_id']: info for info in map(dataset.get_data_info, range(len(dataset)))}
    assert len(infos) == 14 and len(infos[EMPTY]['keypoints_3d']) == 0
    assert infos[EMPTY]['keypoints_2d'].shape[1:] == (0, 15, 3)
    assert len(infos[HIPLESS]['keypoints_3d']) == 0
    assert infos[HIPLESS]['keypoints_2d'].any()


def test_low_confidence_joints_are_not_visible(folder, people):
    dataset = build(folder)
    visible = np.concatenate([dataset.get_data_info(i)['visible'] for i in range(len(dataset))])
    bodies = people['bodies'][people['bodies'][:, 2, 3] > 0.1]
    np.testing.assert_array_equal(visible, bodies[:, :15, 3] > 0.1)
    assert not visible.all() and visible[:, 2].all()


def test_coco17_needs_both_hips(folder, people):
    dataset = build(folder, joints='coco17')
    assert dataset.metainfo['joints'] == 'coco17'
    count = sum(len(dataset.get_data_info(i)['keypoints_3d']) for i in range(len(dataset)))
    assert count == (people['bodies'][:, [6, 12], 3] > 0.1).all(1).sum()


def test_interval_counts_files_and_every_sequence_has_its_own_rig(folder, people):
    write_sequence(folder, 'other', people, frames=range(3, 9))
    write_rig(small_rig(('00_12', '00_03', '00_23')), folder / 'other/calibration_other.json',
              'panoptic')  # fmt: skip
    dataset = DATASETS.build(
        dict(
            type='PanopticDataset',
            data_root=str(folder),
            sequences=['synthetic', 'other'],
            cameras=['00_03', '00_12'],
            interval=4,
            space=SPACE,
        )
    )
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    assert [info['frame_id'] for info in infos[-3:]] == [
        'synthetic/00000012', 'other/00000003', 'other/00000007']  # fmt: skip
    assert infos[0]['rig'].names == infos[-1]['rig'].names == ('00_03', '00_12')
    assert infos[0]['rig'].fingerprint != infos[-1]['rig'].fingerprint
    sample = dataset[len(infos) - 1]['data_samples']
    assert sample.rig.fingerprint == infos[-1]['rig'].fingerprint
    # In training the detector is drawn anew.
    again = dataset.get_data_info(0)['keypoints_2d']
    assert not np.array_equal(infos[0]['keypoints_2d'], again)


def test_a_keypoint_file_and_images_only(folder):
    found = np.full((1, 17, 3), 500.0)
    found[..., 2] = 0.5
    path = folder / 'synthetic' / 'found.json'
    names = ('00_12', '00_03', '00_23')
    write_detections(path, {'00000003': {name: found for name in names}})
    dataset = build(folder, keypoints='found.json')
    keypoints = dataset.get_data_info(3)['keypoints_2d']
    assert keypoints.shape == (3, 1, 15, 3)
    np.testing.assert_allclose(keypoints[0, 0, 0], (500, 500, 0.5))  # the neck, a middle
    assert dataset.get_data_info(4)['keypoints_2d'].shape[1] == 0
    with pytest.raises(FileNotFoundError, match='00_12_00000000.jpg: no such image.*prepare'):
        build(folder, keypoints=None)
    for name in names:
        images = folder / 'synthetic' / 'hdImgs' / name
        images.mkdir(parents=True)
        for frame in range(14):
            (images / f'{name}_{frame:08d}.jpg').touch()
    info = build(folder, keypoints=None).get_data_info(2)
    assert info['img_paths'][1].endswith('hdImgs/00_03/00_03_00000002.jpg')
    assert 'keypoints_2d' not in info


def test_what_is_missing_is_named(folder):
    # OSErrors have none of our fields; they say how to get the files.
    with pytest.raises(FileNotFoundError, match='calibration_absent.json.*prepare panoptic'):
        build(folder, sequences=['absent'])
    known = ['panoptic15', 'panoptic19', 'coco17']
    with fails(InputError, code='unknown-name', found='body25', expected=known):
        build(folder, joints='body25')
    with fails(InputError, code='out-of-range', found=0):
        build(folder, interval=0)
    with fails(InputError, code='no-data', found=[]):
        build(folder, sequences=[])
    known = dict(camera='00_07', expected=['00_12', '00_03', '00_23'])
    with fails(CalibrationError, code='unknown-camera', **known):
        build(folder, cameras=['00_07'])
    annotated = folder / 'synthetic' / 'hdPose3d_stage1_coco19'
    for path in annotated.iterdir():
        path.unlink()
    with fails(InputError, code='no-data', file=annotated):
        build(folder)
    annotated.rmdir()
    with pytest.raises(FileNotFoundError, match='unpacks it or says how to get it'):
        build(folder)


@pytest.mark.parametrize('name', ['voxelpose_panoptic', 'faster_voxelpose_panoptic'])
def test_the_configs_name_what_was_published(folder, name):
    config = Config.fromfile(CONFIGS / f'{name}.py')
    train, val = config.train_dataloader.dataset, config.val_dataloader.dataset
    assert tuple(train.sequences) == field_datasets.PANOPTIC_TRAINING and train.interval == 3
    assert tuple(val.sequences) == field_datasets.PANOPTIC_VALIDATION and val.interval == 12
    assert tuple(train.cameras) == tuple(val.cameras) == field_datasets.PANOPTIC_CAMERAS
    assert not set(train.sequences) & set(val.sequences)
    val.update(data_root=str(folder), sequences=['synthetic'], cameras=['00_03', '00_12'])
    dataset = DATASETS.build(val)
    assert len(dataset) == 2  # frames 0 and 12
    item = dataset[0]
    assert item['inputs']['keypoints'].shape[2] == len(MODELS.build(config.model).joints)
    assert item['data_samples'].gt_instances.keypoints_3d.shape[1:] == (15, 3)
