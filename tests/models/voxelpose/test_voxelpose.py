"""VoxelPose as a model of MMEngine: losses, results, batches, images, checkpoints."""

import pickle

import cv2
import numpy as np
import pytest
import torch
from errors import fails
from mmengine.runner import load_checkpoint
from model_rigs import batch, ring, tiny_model

from mmpose_ours.errors import InputError
from mmpose_ours.models import VoxelPose
from mmpose_ours.scope import MODELS
from mmpose_ours.synthetic import DetectorNoise


def losses(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')


def predict(model, data):
    model.eval()
    with torch.no_grad():
        return model(**model.data_preprocessor(data, False), mode='predict')


def test_registered_with_mmengine():
    from mmengine.registry import MODELS as ROOT

    assert ROOT.get('mmpose_ours.VoxelPose') is VoxelPose
    assert MODELS.get('MultiviewDataPreprocessor')


def test_a_few_steps_lower_both_losses():
    model, data = tiny_model(), batch([ring(), ring()])
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    history = []
    for _ in range(25):
        torch.manual_seed(1)  # the same proposal jitter in every step
        loss = losses(model, data)
        history.append({k: v.item() for k, v in loss.items()})
        optimiser.zero_grad()
        sum(loss.values()).backward()
        optimiser.step()
    assert history[-1]['loss_center'] < 0.7 * history[0]['loss_center']
    assert history[-1]['loss_pose'] < 0.7 * history[0]['loss_pose']


def test_shortcut_finds_joints_before_anything_is_learned():
    model = tiny_model(pose=dict(bins=(24, 24, 24), shortcut=True, beta=60.0, channels=(4,) * 4))
    model.eval()
    data = model.data_preprocessor(batch([ring(6)], people=1))
    sample, maps = data['data_samples'][0], data['inputs']['heatmaps'][0]
    truth = sample.gt_instances.keypoints_3d
    roots = truth[:, model.root].mean(1)
    with torch.no_grad():
        volumes = model.pose_regressor.volumes(maps, model._rig(sample, maps.device), roots)
        poses = model.pose_regressor(volumes, roots)
    assert (poses - truth).norm(dim=-1).median() < 150


def test_no_person_gives_the_same_losses_with_gradients_everywhere():
    """Processes of a group must agree on what they average, whatever is in the image."""
    model, data = tiny_model(), batch([ring()])
    instances = data['data_samples'][0].gt_instances
    data['data_samples'][0].gt_instances = instances[torch.zeros(len(instances), dtype=bool)]
    data['inputs']['keypoints'][0] = data['inputs']['keypoints'][0][:, :0]
    loss = losses(model, data)
    assert set(loss) == {'loss_center', 'loss_pose'} and loss['loss_pose'].item() == 0
    sum(loss.values()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_nobody_found_is_an_empty_result():
    model = tiny_model(center_threshold=1e9)
    result = predict(model, batch([ring()]))[0].pred_instances
    assert result.keypoints_3d.shape == (0, 17, 3) and result.scores.shape == (0,)


def test_rigs_of_different_size_share_a_batch():
    model = tiny_model(center_threshold=-1.0, duplicate_mm=0.0)
    rigs = [ring(3), ring(5)]
    together = predict(model, batch(rigs))
    for index, result in enumerate(together):
        alone = batch(rigs)
        alone = dict(
            inputs=dict(keypoints=alone['inputs']['keypoints'][index : index + 1]),
            data_samples=alone['data_samples'][index : index + 1],
        )
        expected = predict(model, alone)[0].pred_instances
        torch.testing.assert_close(
            result.pred_instances.keypoints_3d, expected.keypoints_3d, atol=0.05, rtol=0
        )


def test_order_of_cameras_and_people_does_not_matter():
    from mmpose_ours.geometry.rig import CameraRig

    model = tiny_model(center_threshold=-1.0)
    data, turned = batch([ring()]), batch([ring()])
    rig = turned['data_samples'][0].rig
    turned['data_samples'][0].set_metainfo(dict(rig=CameraRig(rig.cameras[::-1])))
    turned['inputs']['keypoints'] = [turned['inputs']['keypoints'][0].flip(0).flip(1)]
    first, second = (predict(model, d)[0].pred_instances for d in (data, turned))
    torch.testing.assert_close(first.keypoints_3d, second.keypoints_3d, atol=0.05, rtol=0)


def test_duplicates_are_reported_once():
    apart = tiny_model(center_threshold=-1.0, duplicate_mm=0.0)
    merged = tiny_model(center_threshold=-1.0, duplicate_mm=1e9)
    data = batch([ring()], faults=DetectorNoise())
    assert len(predict(apart, data)[0].pred_instances) == 10
    assert len(predict(merged, data)[0].pred_instances) == 1


def test_image_mode_runs_and_keeps_a_frozen_backbone(tmp_path):
    backbone = dict(type='PoseResNet', num_joints=17, width=4, deconv_filters=(8, 8, 8))
    size = (80, 64)  # four times as much divides by 32, as a ResNet wants
    preprocessor = dict(type='MultiviewDataPreprocessor', heatmap_size=size)
    model = tiny_model(backbone=backbone, heatmap_size=size, data_preprocessor=preprocessor)
    data = batch([ring()])
    images = np.zeros((4, 3, 256, 320), np.uint8)
    for image in images:
        cv2.circle(image[0], (160, 128), 30, 255, -1)
    data['inputs'] = dict(images=[torch.from_numpy(images)])
    before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    model.train()
    loss = losses(model, data)
    sum(loss.values()).backward()
    assert all(torch.equal(v, before[k]) for k, v in model.backbone.state_dict().items())
    assert not any(p.requires_grad for p in model.backbone.parameters())
    assert predict(model, data)[0].pred_instances.keypoints_3d.shape[1:] == (17, 3)


def test_images_without_a_backbone_are_refused():
    model, data = tiny_model(), batch([ring()])
    data['inputs'] = dict(images=[torch.zeros(4, 3, 240, 320)])
    with fails(InputError, code='missing-value', found='images', expected='heatmaps'):
        predict(model, data)


@pytest.mark.parametrize(
    ('bins', 'code'),
    [((10, 12, 12), 'out-of-range'), ((12, 12), 'wrong-shape'), ((0, 4, 4), 'out-of-range')],
)
def test_volumes_that_cannot_be_halved_twice_are_refused(bins, code):
    with fails(InputError, code=code, found=bins):
        tiny_model(center=dict(bins=bins))


def test_weights_hold_no_geometry_and_load_into_another_space(tmp_path):
    model = tiny_model()
    predict(model, batch([ring()]))  # fills the grids
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    other = tiny_model(center=dict(bins=(24, 24, 12), channels=(4, 4, 6, 8), front_kernel=3))
    load_checkpoint(other, str(tmp_path / 'weights.pth'), strict=True)
    assert predict(other, batch([ring(5)]))[0].pred_instances.keypoints_3d.ndim == 3


def test_bfloat16_training_keeps_the_last_layer_in_float32():
    model, data = tiny_model(), batch([ring()])
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = losses(model, data)
    assert all(v.dtype == torch.float32 for v in loss.values())
    assert all(bool(torch.isfinite(v)) for v in loss.values())


def test_two_heatmap_sizes_are_refused():
    preprocessor = dict(type='MultiviewDataPreprocessor', heatmap_size=(60, 60))
    model = tiny_model(data_preprocessor=preprocessor)
    with fails(InputError, code='wrong-shape', found=(60, 60), expected=(80, 60)):
        predict(model, batch([ring()]))


def test_a_person_without_hips_teaches_no_place():
    """Unknown joints are zeros: half a hip at the origin must not be a target."""
    model, data = tiny_model(), batch([ring()], people=2)
    everyone = {k: v.item() for k, v in losses(model.eval(), data).items()}
    instances = data['data_samples'][0].gt_instances
    hip = model.root[0]
    instances.visible[1, hip] = False
    instances.keypoints_3d[1, hip] = 0.0
    one = {k: v.item() for k, v in losses(model, data).items()}
    data['data_samples'][0].gt_instances = instances[:1]
    alone = {k: v.item() for k, v in losses(model, data).items()}
    assert one['loss_center'] == pytest.approx(alone['loss_center'])
    assert one['loss_center'] != pytest.approx(everyone['loss_center'])


def test_what_is_known_of_a_rig_serves_training_after_inference_and_is_not_copied():
    model, data = tiny_model(), batch([ring()])
    before = len(pickle.dumps(model))
    model.eval()
    with torch.inference_mode():
        model.test_step(data)
    assert len(pickle.dumps(model)) < before + 2000
    prepared = model.data_preprocessor(data, True)
    maps = [heatmaps.requires_grad_() for heatmaps in prepared['inputs']['heatmaps']]
    model.train()
    loss = model(dict(heatmaps=maps), prepared['data_samples'], mode='loss')
    sum(loss.values()).backward()
    assert maps[0].grad.any()
