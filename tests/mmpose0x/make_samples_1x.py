r"""Keep what MMPose 1.x makes of two synthetic scenes, to be compared with MMPose 0.x.

Run with an environment that has MMPose 1.x (``make setup``)::

    .venv/bin/python tests/mmpose0x/make_samples_1x.py

``tests/datasets/test_samples_1x.py`` tells whether ``samples_1x.npz`` is what this script makes
today; ``test_same_samples.py`` compares it with the 0.x side.

Arrays of ``samples_1x.npz``, for each scene ``i``:

===================  ==============================================================================
``keypoints_i``      (V, P, 17, 3) float32 ``u, v, score`` in pixels of the cameras
``poses_i``          (G, 17, 3) float32 mm, ``visible_i`` (G, 17) bool
``moved_i``          (V, 17, 34, 60) float32 heatmaps as ``draw_heatmaps`` draws them, of keypoints
                     moved to the whole pixels where stock draws (``stock_drawing.py``)
===================  ==============================================================================
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from stock_drawing import peak_pixel, person_sigmas

from mmpose_ours.datasets import SyntheticDataset
from mmpose_ours.models.ops.heatmaps import draw_heatmaps, person_sigma
from mmpose_ours.models.ops.projection import TorchRig

HERE = Path(__file__).resolve().parent
RIG_FILE = HERE.parents[1] / 'configs' / 'ours' / 'rigs' / 'five_cameras.json'
SIZE = (60, 34)
SIGMA = 3.0
SCENES, SEED = (0, 117), 5


def make():
    """Generate the scenes and draw them; arrays by name."""
    dataset = SyntheticDataset(str(RIG_FILE), num_samples=200, seed=SEED)
    scale, shift = TorchRig(dataset.rig, torch.device('cpu')).fit(SIZE)
    arrays = {}
    for scene in SCENES:
        inputs = dataset[scene]
        truth = inputs['data_samples'].gt_instances
        keypoints = inputs['inputs']['keypoints']
        uv = keypoints[..., :2] * scale[:, None, None] + shift[:, None, None]
        fitted = torch.cat([uv, keypoints[..., 2:]], -1)
        arrays[f'keypoints_{scene}'] = keypoints.numpy()
        arrays[f'poses_{scene}'] = truth.keypoints_3d.numpy()
        arrays[f'visible_{scene}'] = truth.visible.numpy()
        arrays[f'moved_{scene}'] = draw_moved(fitted).numpy()
    return arrays


def draw_moved(keypoints):
    """Draw keypoints (V, P, 17, 3) of the heatmaps at the whole pixels where stock draws them."""
    heatmaps = torch.zeros(len(keypoints), 17, SIZE[1], SIZE[0])
    for view, person in np.ndindex(*keypoints.shape[:2]):
        there = keypoints[view, person]
        found = there[:, 2].numpy() > 0
        if not found.any():
            continue
        width = float(person_sigmas(there[None, :, :2].numpy(), found[None], SIGMA)[0])
        moved = there.clone()
        for joint in np.flatnonzero(found):
            moved[joint, :2] = torch.from_numpy(peak_pixel(there[joint, :2].tolist(), width))
        # Moving joints must not make the person, and with it the peaks, larger or smaller.
        sigma = width / float(person_sigma(moved, 1.0))
        drawn = draw_heatmaps(moved[None, None], sigma, SIZE)[0]
        heatmaps[view] = torch.maximum(heatmaps[view], drawn)
    return heatmaps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default=HERE / 'samples_1x.npz')
    np.savez_compressed(parser.parse_args().out, **make())


if __name__ == '__main__':
    main()
