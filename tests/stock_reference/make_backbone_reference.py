"""Run the 2D network of the stock MMPose 0.29 Panoptic VoxelPose on the recipe's image.

Image mode: ``AssociativeEmbedding`` of a ResNet-50 and a ``DeconvHead``, exactly the ``backbone``
of the Panoptic config that MMPose ships, inside the ``DetectAndRegress`` that names its keys,
with the weights of ``recipe.py``. Our own test loads ``backbone.npz`` and must arrive at the
same heatmaps. The environment to run it in is that of ``make_voxelpose_reference.py``::

    stock/bin/python tests/stock_reference/make_backbone_reference.py

How stock makes the network's input of an image, all of it in the config's pipeline:
``LoadImageFromFile`` decodes to **RGB** uint8 (its default ``channel_order='rgb'``: there is no
``to_rgb`` later), ``BottomUpRandomAffine`` letterboxes it to the network's size (left out here:
the image has that size), ``ToTensor`` makes it float32 (3, H, W) and divides by 255,
``NormalizeTensor`` subtracts mean 0.485, 0.456, 0.406 and divides by std 0.229, 0.224, 0.225,
per channel R, G, B. This script writes the image to a PNG file and lets stock do just that.

Arrays of ``backbone.npz`` (float32 unless said):

=================  ==============================================================================
``state_keys``     the ``backbone.*`` entries of the ``DetectAndRegress`` state dict, in order
``state_shapes``   their shapes, as text: ``64x3x7x7``, empty for a scalar
``state_dtypes``   ``float32`` or ``int64``
``input_corner``   (3, 4, 4): the network's input, its upper left corner
``input_mean``     (3,) float64: its mean per channel
``features``       (8, 4, 6): the first eight channels of what the ResNet gives the head (stride 32)
``heatmaps``       (15, 32, 48): the head's output (stride 4), no activation behind it
``image_crc``      ``recipe.fingerprint`` of the image, and ``weights_crc`` the CRC-32 of all
                   weights in the order of ``state_keys``
``versions``       what made this file, as text
=================  ==============================================================================
"""

import argparse
import os.path as osp
import tempfile
import zlib

import mmcv
import numpy as np
import recipe
import torch
from make_voxelpose_reference import CONFIGS, HERE, describe_state, describe_versions
from mmpose.datasets.pipelines import Compose
from mmpose.models import build_posenet

PREFIX = 'backbone.'


def load_config():
    """The Panoptic config of stock MMPose, without the download of pretrained weights."""
    config = mmcv.Config.fromfile(
        osp.join(CONFIGS, 'panoptic/voxelpose_prn64x64x64_cpn80x80x20_panoptic_cam5.py')
    )
    config.model.pretrained = None
    assert config.num_joints == recipe.BACKBONE_NUM_JOINTS
    return config


def load_recipe_weights(model):
    """Give the 2D network the recipe's weights; returns its entries and their CRC-32."""
    state = {key: value for key, value in model.state_dict().items() if key.startswith(PREFIX)}
    crc = 0
    for key in state:
        weight = recipe.reference_weight(key, state[key].shape)
        state[key] = torch.from_numpy(weight)
        crc = zlib.crc32(weight.tobytes(), crc)
    outcome = model.load_state_dict(state, strict=False)
    assert not outcome.unexpected_keys
    assert not [key for key in outcome.missing_keys if key.startswith(PREFIX)]
    return state, crc


def stock_input(config, image):
    """The network's input, (1, 3, H, W), as stock's own pipeline makes it of an image file."""
    steps = [step for step in config.test_pipeline if step['type'] == 'MultiItemProcess']
    wanted = ('LoadImageFromFile', 'ToTensor', 'NormalizeTensor')
    steps = [step for step in steps[0]['pipeline'] if step['type'] in wanted]
    assert len(steps) == len(wanted)
    with tempfile.TemporaryDirectory() as folder:
        path = osp.join(folder, 'image.png')
        mmcv.imwrite(mmcv.rgb2bgr(image), path)
        return Compose(steps)(dict(image_file=path))['img'][None]


def run(model, config):
    """The heatmaps of the recipe's image, and what they were made of."""
    image = recipe.reference_image()
    inputs = stock_input(config, image)
    network = model.backbone
    features = network.backbone(inputs)
    heatmaps = network.forward_dummy(inputs)
    assert isinstance(heatmaps, list) and len(heatmaps) == 1
    return dict(
        input_corner=inputs[0, :, :4, :4].numpy(),
        input_mean=inputs[0].double().mean(dim=(1, 2)).numpy(),
        features=features[0, :8].numpy(),
        heatmaps=heatmaps[0][0].numpy(),
        image_crc=np.array(recipe.fingerprint(image)),
    )


def check(arrays):
    """Refuse a reference that would let a wrong model pass."""
    heatmaps = arrays['heatmaps']
    assert heatmaps.shape == (recipe.BACKBONE_NUM_JOINTS, 32, 48)
    assert np.isfinite(heatmaps).all()
    assert 0.05 < heatmaps.std(axis=(1, 2)).min() and np.abs(heatmaps).max() < 20
    assert (arrays['features'] > 0).mean() > 0.2
    return dict(
        features=(float(arrays['features'].mean()), float(arrays['features'].max())),
        heatmap_mean=float(heatmaps.mean()),
        heatmap_std=heatmaps.std(axis=(1, 2)).round(3).tolist(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', default=osp.join(HERE, 'backbone.npz'))
    args = parser.parse_args()

    torch.set_num_threads(1)
    config = load_config()
    model = build_posenet(config.model).eval()
    state, weights_crc = load_recipe_weights(model)
    with torch.no_grad():
        arrays = run(model, config)
    for name, value in check(arrays).items():
        print(f'{name}: {value}')
    np.savez_compressed(
        args.out,
        weights_crc=np.array(weights_crc),
        versions=describe_versions(),
        **describe_state(state),
        **arrays,
    )
    print(f'{args.out}: {osp.getsize(args.out) / 1e3:.0f} kB')


if __name__ == '__main__':
    main()
