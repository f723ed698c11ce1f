"""A VoxelPose trained by stock MMPose 0.29 runs in ours, and one trained by ours in stock."""

import numpy as np
import pytest
import torch
from mmcv.runner import load_checkpoint, save_checkpoint
from mmengine.structures import InstanceData
from stock_models import (
    between,
    our_sample,
    ours,
    poses_of_ours,
    poses_of_stock,
    recipe,
    reference,
    stock_batch,
    train,
)

from mmpose_ours.checkpoints.reading import read_checkpoint
from mmpose_ours.cli.main import main

STEPS = 6


@pytest.fixture(autouse=True)
def one_thread_one_seed():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def test_trained_by_stock_runs_in_ours(tmp_path, capsys):
    batch, stock = stock_batch(), reference.build_stock_model()

    def loss_of(model):
        return model.train_step(batch, None)['loss']

    train(stock, loss_of, STEPS)
    assert (stock.pose_regressor.pose_net.front_layers[0].block.bn.running_mean != 0).any()
    _, scores = poses_of_stock(stock, threshold=-1e9)
    threshold = between(scores, 3)
    poses, scores = poses_of_stock(stock, threshold)
    assert poses.std() > 300  # people at several places, of some size

    # As stock's --save-best leaves it: the optimizer, and a best score that is a NumPy number.
    written, turned = tmp_path / 'best_mAP_epoch_1.pth', tmp_path / 'ours.pth'
    optimizer = torch.optim.Adam(stock.parameters())
    meta = dict(epoch=1, hook_msgs=dict(best_score=np.float64(0.5)))
    save_checkpoint(stock, str(written), optimizer=optimizer, meta=meta)
    assert main(['convert-checkpoint', str(written), str(turned), '--to', '1x']) == 0
    assert 'VoxelPose of MMPose 0.x, 17 joints (coco17)' in capsys.readouterr().out
    for path in (written, turned):
        model = ours(threshold).eval()
        state = read_checkpoint(path, map_location='cpu')['state_dict']
        model.load_state_dict(state, strict=True)
        found, sure = poses_of_ours(model)
        np.testing.assert_allclose(found, poses, atol=0.1)  # mm
        np.testing.assert_allclose(sure, scores, atol=1e-4)


def test_trained_by_ours_runs_in_stock(tmp_path):
    model, sample = ours(), our_sample()
    people = torch.from_numpy(recipe.reference_people()).float()
    visible = torch.ones(people.shape[:2], dtype=torch.bool)
    sample.gt_instances = InstanceData(keypoints_3d=people, visible=visible)
    heatmaps = torch.from_numpy(recipe.reference_heatmaps())

    def loss_of(model):
        return sum(model(dict(heatmaps=[heatmaps]), [sample], mode='loss').values())

    train(model, loss_of, STEPS)
    model.center_threshold = -1e9
    model.center_threshold = between(poses_of_ours(model)[1], 3)
    poses, scores = poses_of_ours(model)

    stock_config = tmp_path / 'stock.py'
    stock_config.write_text(f'model = {reference.stock_config().model.to_dict()!r}\n')
    our_config = tmp_path / 'ours.py'
    our_config.write_text(
        "default_scope = 'mmpose_ours'\n"
        f"model = dict(type='VoxelPose', heatmap_size={recipe.HEATMAP_SIZE},\n"
        f'    center=dict(bins={recipe.CUBE_SIZE}),\n'
        f'    pose=dict(bins={recipe.SUB_CUBE_SIZE}, size_mm={recipe.SUB_SPACE_SIZE}))\n'
    )
    written, turned = tmp_path / 'ours.pth', tmp_path / 'stock.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(epoch=1)), written)
    command = ['convert-checkpoint', str(written), str(turned), '--to', '0x']
    command += ['--config', str(our_config)]
    assert main([*command, '--target', str(stock_config)]) == 0
    stock = reference.build_stock_model()
    load_checkpoint(stock, str(turned), map_location='cpu', strict=True)
    found, sure = poses_of_stock(stock, model.center_threshold)
    np.testing.assert_allclose(found, poses, atol=0.1)  # mm
    np.testing.assert_allclose(sure, scores, atol=1e-4)


def test_without_a_target_stock_keeps_the_space_of_its_config(tmp_path, capsys):
    """What stock's own tools do, none of which loads strictly."""
    stock = reference.build_stock_model()
    written, turned = tmp_path / 'in.pth', tmp_path / 'out.pth'
    elsewhere = {key: value.clone() for key, value in stock.state_dict().items()}
    head = 'human_detector.center_head.'
    elsewhere[head + 'grid_center'] += 12345.0
    torch.save(dict(state_dict=elsewhere), written)
    assert main(['convert-checkpoint', str(written), str(turned), '--to', '0x']) == 0
    load_checkpoint(stock, str(turned), map_location='cpu')
    center = stock.human_detector.center_head.grid_center
    assert center.tolist() == list(recipe.SPACE_CENTER)
    assert capsys.readouterr().out.split('missing keys in')[-1].count(head) == 3
