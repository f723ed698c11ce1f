import numpy as np
import pytest
from dataset_files import (
    SIZE,
    SPACE,
    exact_detections,
    small_rig,
    two_people,
    write_actors,
    write_pickle,
)
from errors import fails

from mmpose_ours.calibration import write_rig
from mmpose_ours.datasets import CampusDataset, ShelfDataset
from mmpose_ours.datasets import actors as actors_module
from mmpose_ours.errors import FileFormatError, InputError
from mmpose_ours.evaluation.campus_shelf_truth import read_actors
from mmpose_ours.scope import DATASETS
from mmpose_ours.structures.joint_maps import convert_joints


@pytest.fixture
def reported(monkeypatch):
    """What the user is informed of while a dataset loads."""
    messages = []
    monkeypatch.setattr(actors_module, 'print_log', lambda text, **_: messages.append(text))
    return messages


@pytest.fixture
def folder(tmp_path):
    """Twelve frames in Campus's official files, cameras 0 to 2; nobody is detected in frame 4."""
    rig = small_rig(('0', '1', '2'))
    write_rig(rig, tmp_path / 'calibration_campus.json', 'campus')
    views = exact_detections(rig, range(12))
    people = {
        f'{camera}_{frame}': [{'pred': person} for person in views[frame][camera]]
        for frame in range(12) if frame != 4 for camera in rig.names
    }  # fmt: skip
    write_pickle(tmp_path / 'pred_campus_maskrcnn_hrnet_coco.pkl', people)
    pose = convert_joints(two_people().poses, 'coco17', 'campus14') / 1000
    write_actors(
        tmp_path / 'actorsGT.mat',
        [pose[0]] * 12,
        [pose[1] if frame % 2 else None for frame in range(12)],
    )
    return tmp_path


def build(folder, **changes):
    settings = dict(type='CampusDataset', data_root=str(folder), space=SPACE, image_size=SIZE,
                    frames=[(2, 5)], test_mode=True)  # fmt: skip
    return DATASETS.build({**settings, **changes})


def test_official_names_are_the_default(folder, reported):
    dataset = build(folder)
    assert isinstance(dataset, CampusDataset)
    assert [dataset[i]['data_samples'].frame_id for i in range(len(dataset))] == [2, 3, 4, 5]
    sample = dataset[1]['data_samples']
    assert sample.rig.names == ('0', '1', '2') and sample.rig.cameras[0].size == SIZE
    assert sample.actors.shape == (2, 14, 3)
    wanted = convert_joints(two_people().poses, 'coco17', 'campus14')
    np.testing.assert_allclose(sample.actors, wanted, atol=1e-6)
    assert np.isnan(dataset[0]['data_samples'].actors[1]).all()
    assert dataset[0]['inputs']['keypoints'].shape == (3, 2, 17, 3)


def test_a_frame_without_detections_is_kept_as_empty_and_reported(folder, reported):
    empty = build(folder)[2]
    assert empty['data_samples'].frame_id == 4
    assert empty['inputs']['keypoints'].shape == (3, 0, 17, 3)
    assert np.isfinite(empty['data_samples'].actors[0]).all()
    assert len(reported) == 1
    assert (
        reported[0].startswith('1 of 4 test frames have no entry')
        and 'hrnet_coco.pkl' in reported[0]
    )


def test_frames_beyond_the_truth_are_left_out_and_reported(folder, reported):
    dataset = build(folder, frames=[(0, 1), (9, 14)])
    assert [dataset[i]['data_samples'].frame_id for i in range(len(dataset))] == [0, 1, 9, 10, 11]
    assert len(reported) == 1 and reported[0].startswith('3 of 8 test frames are beyond')


def test_no_common_frame_is_an_error(folder, reported):
    names = ('pred_campus_maskrcnn_hrnet_coco.pkl', 'actorsGT.mat')
    files, frames = [str(folder / name) for name in names], [(350, 470), (650, 750)]
    with fails(InputError, code='no-match', found=files, expected=frames):
        build(folder, frames=None)


def test_subset_and_order_of_cameras_permute_the_views(folder, reported):
    whole, part = build(folder)[0], build(folder, cameras=['2', '0'])[0]
    assert part['data_samples'].rig.names == ('2', '0')
    np.testing.assert_array_equal(part['inputs']['keypoints'], whole['inputs']['keypoints'][[2, 0]])
    np.testing.assert_array_equal(part['data_samples'].actors, whole['data_samples'].actors)


def test_detections_without_one_of_the_cameras_are_an_error(folder, reported):
    pred = two_people().poses[0] * [1, 1, 0] + [0, 0, 0.9]
    write_pickle(folder / 'other.pkl', {'0_2': [{'pred': pred}], '1_2': []})
    where = dict(file=folder / 'other.pkl', camera='2', expected=['0', '1'])
    with fails(FileFormatError, code='unknown-camera', **where):
        build(folder, keypoint_file='other.pkl')


def test_images_are_named_where_they_are(folder, reported):
    (folder / 'Camera1').mkdir()
    (folder / 'Camera1' / 'campus4-c1-00003.png').write_bytes(b'')
    paths = build(folder)[1]['data_samples'].img_paths
    assert [path is None for path in paths] == [True, False, True]
    assert paths[1].endswith('Camera1/campus4-c1-00003.png')


def test_missing_files_are_named(folder, reported):
    for name in ('actorsGT.mat', 'pred_campus_maskrcnn_hrnet_coco.pkl'):
        (folder / name).rename(folder / 'away')
        with pytest.raises(FileNotFoundError, match=name):  # an OSError, without our fields
            build(folder)
        (folder / 'away').rename(folder / name)


@pytest.fixture
def shelf(shared_data, reported):
    def build_shelf(**changes):
        settings = dict(
            type='ShelfDataset', data_root=str(shared_data / 'shelf'), test_mode=True,
            keypoint_file='pred_shelf_openpose_coco.pkl', space=None,
        )  # fmt: skip
        return DATASETS.build({**settings, **changes})

    return build_shelf


def test_real_shelf_has_the_published_test_frames_that_are_there(shelf, shared_data, reported):
    dataset = shelf()
    assert isinstance(dataset, ShelfDataset) and len(dataset) == 250
    assert any(text.startswith('51 of 301 test frames are beyond') for text in reported)
    samples = [dataset[i]['data_samples'] for i in range(250)]
    assert [sample.frame_id for sample in samples] == list(range(300, 550))
    actors = np.stack([sample.actors for sample in samples])
    present = np.isfinite(actors).all((-1, -2))
    assert present.sum(0).tolist() == [230, 19, 115, 23]
    assert np.isnan(actors[~present]).all()
    np.testing.assert_array_equal(actors, read_actors(shared_data / 'shelf/actorsGT.mat')[300:])
    assert all(camera.size == (1032, 776) for camera in dataset.rig)


def test_real_shelf_people_are_seen_where_the_truth_is(shelf):
    """The oracle is the data: detections lie near the projected annotation."""
    dataset = shelf()
    errors = []
    for index in range(0, 250, 25):
        sample = dataset[index]['data_samples']
        coco = sample.keypoints_2d[:, :, [11, 12, 5, 6]]  # hips and shoulders
        for actor in sample.actors[:3][np.isfinite(sample.actors[:3]).all((-1, -2))]:
            uv, _ = sample.rig.project(actor[[3, 2, 9, 8]])
            for view in range(5):
                gap = np.linalg.norm(coco[view, ..., :2] - uv[view], axis=-1)
                gap[coco[view, ..., 2] == 0] = np.nan
                if np.isfinite(gap).any():
                    errors.append(np.nanmin(np.nanmean(gap[np.isfinite(gap).any(1)], axis=1)))
    assert len(errors) > 30 and np.median(errors) < 25


def test_real_shelf_cameras_by_name_permute_the_views(shelf):
    whole, part = shelf(), shelf(cameras=['4', '0', '2'])
    assert part.rig.names == ('4', '0', '2')
    for index in (0, 77):
        np.testing.assert_array_equal(
            part[index]['inputs']['keypoints'],
            # The widest view may have been left out, and its padding with it.
            whole[index]['inputs']['keypoints'][[4, 0, 2]][
                :, : part[index]['inputs']['keypoints'].shape[1]
            ],
        )
        np.testing.assert_array_equal(
            part[index]['data_samples'].rig.centers_w,
            whole[index]['data_samples'].rig.centers_w[[4, 0, 2]],
        )
