import pickle

import cv2
import numpy as np
import pytest
import torch
from dataset_files import SPACE, small_rig

from mmpose_ours.datasets import LoadMultiviewImages, PackMultiviewInputs
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.models.ops.projection import TorchRig

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def paint(tmp_path, rig, dots, background=(0, 0, 0)):
    """One image per camera with a square of 5 x 5 pixels around its dot."""
    paths = []
    for camera, (u, v) in zip(rig, dots):
        width, height = camera.size
        image = np.full((height, width, 3), background[::-1], np.uint8)
        image[v - 2 : v + 3, u - 2 : u + 3] = 255
        path = tmp_path / f'{camera.name}.png'
        assert cv2.imwrite(str(path), image)
        paths.append(str(path))
    return paths


@pytest.mark.parametrize('image_size', [(160, 120), (160, 160), (200, 96), (640, 480)])
def test_pixels_land_where_the_heatmaps_scale_says(tmp_path, image_size):
    """The oracle is the rig's own fit, by which voxels look their pixels up."""
    rig = small_rig()
    dots = [(40, 30), (200, 150), (300, 220)]
    results = dict(rig=rig, frame_id=1, img_paths=paint(tmp_path, rig, dots))
    images = LoadMultiviewImages(image_size)(results)['images']
    assert images.dtype == np.uint8
    assert images.shape == (3, 3, image_size[1], image_size[0])
    scale, shift = TorchRig(rig).fit(image_size)
    for image, dot, factor, offset in zip(images, dots, scale.numpy(), shift.numpy()):
        weight = image[0].astype(float)
        rows, columns = np.mgrid[: image_size[1], : image_size[0]]
        found = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
        np.testing.assert_allclose(found, factor * np.array(dot) + offset, atol=0.15)


def test_colours_are_rgb_and_borders_black(tmp_path):
    rig = small_rig()
    paths = []
    for camera, colour in zip(rig, (RED, GREEN, BLUE)):
        paths += paint(tmp_path, [camera], [(10, 10)], background=colour)
    images = LoadMultiviewImages((160, 160))(dict(rig=rig, frame_id=1, img_paths=paths))['images']
    for image, colour in zip(images, (RED, GREEN, BLUE)):
        assert tuple(image[:, 80, 80]) == colour
        assert (image[:, :18] == 0).all() and (image[:, -18:] == 0).all()


def test_without_images_the_error_says_what_image_mode_needs():
    # An OSError, without our fields.
    with pytest.raises(FileNotFoundError, match="camera 'left', frame 5: no readable image; image"):
        LoadMultiviewImages((160, 120))(dict(rig=small_rig(), frame_id=5))


def packed(**changes):
    rng = np.random.default_rng(0)
    results = dict(
        rig=small_rig(),
        space=CaptureVolume(**SPACE),
        joints='coco17',
        frame_id='000007',
        keypoints_2d=rng.random((3, 2, 17, 3)),
    )
    return PackMultiviewInputs()({**results, **changes})


def test_packing_keeps_rig_space_and_keypoints():
    item = packed()
    sample = item['data_samples']
    assert item['inputs']['keypoints'].dtype == torch.float32
    assert sample.joints == 'coco17' and sample.frame_id == '000007'
    assert sample.rig.fingerprint == small_rig().fingerprint
    assert sample.space == CaptureVolume(**SPACE)
    assert 'gt_instances' not in sample and 'pred_instances' not in sample


def test_packing_truth():
    poses, visible = np.ones((2, 17, 3)), np.ones((2, 17), dtype=bool)
    instances = packed(keypoints_3d=poses, visible=visible)['data_samples'].gt_instances
    assert len(instances) == 2
    assert instances.keypoints_3d.dtype == torch.float32 and instances.visible.dtype == torch.bool
    nobody = packed(keypoints_3d=poses[:0], visible=visible[:0])['data_samples'].gt_instances
    assert nobody.keypoints_3d.shape == (0, 17, 3)


def test_samples_travel_between_processes():
    item = packed()
    copy = pickle.loads(pickle.dumps(item))
    assert copy['data_samples'].rig.names == small_rig().names
    np.testing.assert_array_equal(copy['inputs']['keypoints'], item['inputs']['keypoints'])
