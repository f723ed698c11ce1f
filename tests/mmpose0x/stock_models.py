"""The small VoxelPose of tests/stock_reference in both generations, and people to learn from."""

import sys
from pathlib import Path

import numpy as np
import torch

REFERENCE = Path(__file__).resolve().parents[1] / 'stock_reference'
sys.path.insert(0, str(REFERENCE))

import make_voxelpose_reference as reference  # noqa: E402
import recipe  # noqa: E402
from mmpose.datasets.pipelines import GenerateVoxel3DHeatmapTarget  # noqa: E402

from mmpose_ours.datasets.data_sample import MultiviewDataSample  # noqa: E402
from mmpose_ours.geometry.camera import Camera  # noqa: E402
from mmpose_ours.geometry.rig import CameraRig  # noqa: E402
from mmpose_ours.geometry.volume import CaptureVolume  # noqa: E402
from mmpose_ours.models import VoxelPose  # noqa: E402

HIPS = [11, 12]


def stock_heatmaps():
    """The recipe's heatmaps as stock takes them: per view, per scale, a batch of one."""
    return [[torch.from_numpy(view)[None]] for view in recipe.reference_heatmaps()]


def stock_batch():
    """One training sample: the recipe's people, with targets by stock's own pipeline."""
    people = recipe.reference_people().astype(np.float32)
    visible = np.ones_like(people)
    space = dict(
        space_size=recipe.SPACE_SIZE,
        space_center=recipe.SPACE_CENTER,
        cube_size=recipe.CUBE_SIZE,
    )
    target = GenerateVoxel3DHeatmapTarget(sigma=400.0, joint_indices=[HIPS])
    drawn = target(dict(joints_3d=people, joints_3d_visible=visible, ann_info=space))
    meta = dict(
        reference.stock_meta(),
        joints_3d=people,
        joints_3d_visible=visible,
        roots_3d=people[:, HIPS].mean(1),
        num_persons=len(people),
    )
    return dict(
        img_metas=[meta],
        targets_3d=torch.from_numpy(drawn['targets_3d'])[None],
        input_heatmaps=stock_heatmaps(),
    )


def train(model, loss_of, steps):
    """A few steps with Adam from the recipe's weights, from which people are found at once."""
    reference.load_recipe_weights(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
    model.eval()


def ours(threshold=recipe.CENTER_THRESHOLD):
    """Our model of the recipe."""
    return VoxelPose(
        heatmap_size=recipe.HEATMAP_SIZE,
        center=dict(bins=recipe.CUBE_SIZE, max_people=recipe.MAX_PEOPLE),
        pose=dict(bins=recipe.SUB_CUBE_SIZE, size_mm=recipe.SUB_SPACE_SIZE, beta=recipe.BETA),
        center_threshold=threshold,
        duplicate_mm=0.0,
    )


def our_sample():
    """The recipe's rig and space as our model takes them."""
    rig = CameraRig(tuple(Camera(**camera) for camera in recipe.reference_rig()))
    space = CaptureVolume(recipe.SPACE_CENTER, recipe.SPACE_SIZE)
    return MultiviewDataSample(metainfo=dict(rig=rig, space=space, joints='coco17'))


def poses_of_stock(model, threshold):
    """Poses (P, 17, 3) mm and scores (P,) that stock finds above a threshold."""
    model.human_detector.test_cfg['center_threshold'] = threshold
    with torch.no_grad():
        answer = model(
            img_metas=[reference.stock_meta()],
            return_loss=False,
            input_heatmaps=stock_heatmaps(),
        )
    found = answer['human_detection_3d'][0, :, 3] >= 0
    return answer['pose_3d'][0, found, :, :3], answer['human_detection_3d'][0, found, 4]


def poses_of_ours(model):
    """The same of ours."""
    heatmaps = torch.from_numpy(recipe.reference_heatmaps())
    with torch.no_grad():
        sample = model(dict(heatmaps=[heatmaps]), [our_sample()], mode='predict')[0]
    people = sample.pred_instances
    return people.keypoints_3d.numpy(), people.scores.numpy()


def between(scores, count):
    """A threshold that the ``count`` highest scores pass and no other comes near."""
    ordered = sorted(scores, reverse=True)
    assert ordered[count - 1] - ordered[count] > 1e-3, ordered
    return (ordered[count - 1] + ordered[count]) / 2
