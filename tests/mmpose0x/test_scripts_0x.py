"""Stock train.py and test.py of MMPose 0.29 through the launch scripts in tools/."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
SHELF = """
from mmpose_ours.mmpose0x import settings
_base_ = ['{tiny}']
rig = dict(data_root='{folder}', rig_file='calibration_shelf.json', image_size=(1032, 776),
           space=dict(center_mm=(450, -320, 800), size_mm=(8000, 8000, 2000)))
site = settings.site_of(rig, heatmap_size=(120, 68), cube_size=(32, 32, 8))
model = settings.model_in(site, sub_cube_size=(16, 16, 16))
data = dict(test=dict(_delete_=True, type='OursShelfDataset', frames=[(300, 302)],
                      pipeline={{{{_base_.test_pipeline}}}},
                      keypoint_file='pred_shelf_openpose_coco.pkl', **site))
"""
TINY = 'configs/ours/mmpose0x/voxelpose_ours_tiny.py'
SMALL = ('data.train.num_samples=2', 'data.val.num_samples=1', 'data.samples_per_gpu=2',
         'data.test.num_samples=2', 'total_epochs=1', 'evaluation.interval=1')  # fmt: skip


def run(script, *arguments, status=0):
    environment = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')]),
        'OMP_NUM_THREADS': '1',
    }
    command = [sys.executable, '-W', 'ignore', f'tools/{script}', *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=600
    )
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('trained')
    text = run('train.py', TINY, '--work-dir', str(folder), '--seed', '0', '--cfg-options', *SMALL)
    return folder, text


def test_training_learns_from_the_rigs_people_and_evaluates(trained):
    folder, text = trained
    assert 'OursSyntheticDataset: cameras north_west, north_east' in text
    assert re.search(r'Epoch\(val\) \[1\]\[1\].*MPJPE_mm', text)
    weights = torch.load(folder / 'epoch_1.pth', map_location='cpu', weights_only=True)
    space = weights['state_dict']['human_detector.center_head.grid_size']
    assert space.tolist() == [7600.0, 7600.0, 2400.0]  # stock's layout, so that others read it


def test_testing_keeps_this_rigs_space_whatever_the_checkpoint_brings(trained, tmp_path):
    folder, _ = trained
    foreign = torch.load(folder / 'epoch_1.pth', map_location='cpu', weights_only=True)
    foreign['state_dict']['human_detector.center_head.grid_center'] = torch.tensor([9e3, 0, 800])
    torch.save(foreign, tmp_path / 'foreign.pth')
    text = run('test.py', TINY, str(tmp_path / 'foreign.pth'), '--work-dir', str(tmp_path),
               '--cfg-options', *SMALL)  # fmt: skip
    assert 'grid_center: the checkpoint has [9000.0, 0.0, 800.0], this config [0.0, 200.0' in text
    assert 'mAP: ' in text
    assert (tmp_path / 'predictions.json').is_file()


def test_a_training_does_not_overwrite_another(trained):
    folder, _ = trained
    text = run('train.py', TINY, '--work-dir', str(folder), '--local-rank=0', status=2)
    assert 'holds 2 checkpoints of an earlier training (epoch_1.pth, ' in text
    assert 'go on with that training by --resume-from CHECKPOINT' in text


def test_shelf_is_scored_by_the_stock_script(trained, shared_data, tmp_path):
    config = tmp_path / 'shelf.py'
    config.write_text(SHELF.format(tiny=ROOT / TINY, folder=shared_data / 'shelf'))
    # Without a threshold everybody whom the net proposes is there, so that there is a figure.
    text = run('test.py', str(config), str(trained[0] / 'epoch_1.pth'), '--work-dir', str(tmp_path),
               '--cfg-options', 'model.human_detector.test_cfg.center_threshold=-1.0')  # fmt: skip
    assert 'grid_center: the checkpoint has [0.0, 200.0' in text
    figures = dict(re.findall(r'(PCP|empty_frames|extra_people_per_frame): (\S+)$', text, re.M))
    assert float(figures['empty_frames']) == 0 and 0 <= float(figures['PCP']) <= 100
    assert float(figures['extra_people_per_frame']) > 0


@pytest.mark.parametrize('words', [('train.py',), ('test.py', 'checkpoint.pth')])
def test_a_config_for_mmpose_1x_is_refused(words):
    config = 'configs/ours/voxelpose_ours_tiny.py'
    text = run(words[0], config, *words[1:], status=2)
    assert f'{config} is for MMPose 1.x, but 0.29.0 is installed' in text
