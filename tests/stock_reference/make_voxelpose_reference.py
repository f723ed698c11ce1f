"""Run the VoxelPose of a stock MMPose 0.29 on the recipe's input and keep what it computes.

Heatmap mode: ``DetectAndRegress`` without a 2D network, with the model section of the Shelf
config that MMPose ships, on a smaller space, smaller volumes and the weights of ``recipe.py``.
Our own test loads ``voxelpose.npz`` and must arrive at the same numbers.

MMPose 0.29 wants an old NumPy, so it lives in a virtual environment of its own (Python 3.10 or
3.11; VoxelPose calls none of mmcv's compiled operators, so nothing is compiled)::

    python3.11 -m venv stock
    stock/bin/pip install "setuptools<81" wheel torch==2.14.1 torchvision==0.29.1 "numpy==1.23.5"
    stock/bin/pip install "scipy<1.11" "opencv-python-headless<4.9" "matplotlib<3.9" \
        xtcocotools munkres json_tricks six addict packaging Pillow pyyaml yapf cython
    MMCV_WITH_OPS=0 stock/bin/pip install --no-deps --no-build-isolation mmcv==1.7.0
    stock/bin/pip install --no-deps mmpose==0.29.0
    stock/bin/python tests/stock_reference/make_voxelpose_reference.py

``--checkpoint OUT.pth`` also lets stock code save the weights, as a checkpoint to load elsewhere.

Arrays of ``voxelpose.npz`` (float32 unless said; volumes are indexed (x, y, z), the x, y and z
of the world, and their first and last voxels lie *on* the faces of the box):

=========================  =========================================================================
``state_keys``             stock's state dict, in its order, as text
``state_shapes``           the shapes, as text: ``16x17x7x7x7``, empty for a scalar
``state_dtypes``           ``float32`` or ``int64``
``geometry``               (3, 3), rows: ``grid_size``, ``cube_size``,
                           ``grid_center`` of the centre head, which stock keeps in the checkpoint
``letterbox_scale``        (4, 2): per camera, the part of the image plane, in full-image pixels,
                           that the network input shows (stock's ``scale``)
``pixel_points``           (5, 3) float64 world points, and ``pixels`` (4, 5, 2), where stock's
                           ``SimpleCameraTorch`` puts them in each full image
``coarse_channels``        which joints' channels ``coarse_volume`` holds
``coarse_volume``          (channels, 24, 24, 8): heatmaps voted into the space
``coarse_mean``            (17,) float64, the mean of every channel of it, and ``coarse_std``
``root_volume``            (24, 24, 8): the centre net's output
``candidates``             (10, 5): x, y, z in mm, 0.0 if the score is above the threshold of 0.1
                           and -1.0 if not, score; sorted by falling score
``roots``                  (3, 3): centres of the cubes of the next four, the recipe's ``ROOTS``
``person_channels``        which joints' channels the next two hold
``person_volume``          (channels, 16, 16, 16): heatmaps voted into the cube of ``roots[0]``
``pose_volume``            (channels, 16, 16, 16): the pose net's output for it, before the softmax
``joints``                 (3, 17, 3) mm: the poses regressed for ``roots``
``pose_3d``                (10, 17, 5): the whole model's answer, one pose per candidate: x, y, z,
                           then the candidate's columns 3 and 4 again; zeros where column 3 is -1
``heatmaps_crc``           ``recipe.fingerprint`` of the input heatmaps, and ``weights_crc``
                           the CRC-32 of all learned weights in the order of ``state_keys``
``versions``               what made this file, as text
=========================  =========================================================================
"""

import argparse
import os.path as osp
import platform
import zlib

import mmcv
import mmpose
import numpy as np
import recipe
import torch
from mmcv.runner import save_checkpoint
from mmpose.core.camera import SimpleCameraTorch
from mmpose.datasets.datasets.base import Kpt3dMviewRgbImgDirectDataset
from mmpose.models import build_posenet

HERE = osp.dirname(osp.abspath(__file__))
CONFIGS = osp.join(osp.dirname(mmpose.__file__), '.mim/configs/body/3d_kpt_mview_rgb_img/voxelpose')
COARSE_CHANNELS = (0, 5, 10, 16)
PERSON_CHANNELS = (2, 11)


def stock_config():
    """The Shelf config of stock MMPose, resized to the recipe."""
    config = mmcv.Config.fromfile(
        osp.join(CONFIGS, 'shelf/voxelpose_prn64x64x64_cpn80x80x20_shelf_cam5.py')
    )
    space = dict(
        space_size=list(recipe.SPACE_SIZE),
        space_center=list(recipe.SPACE_CENTER),
        cube_size=list(recipe.CUBE_SIZE),
    )
    images = dict(image_size=list(recipe.IMAGE_SIZE), heatmap_size=list(recipe.HEATMAP_SIZE))
    config.merge_from_dict(
        dict(
            model=dict(
                human_detector=dict(center_head=space, **space, **images),
                pose_regressor=dict(
                    sub_space_size=[recipe.SUB_SPACE_SIZE] * 3,
                    sub_cube_size=list(recipe.SUB_CUBE_SIZE),
                    **images,
                ),
            )
        )
    )
    model = config.model
    assert model.human_detector.center_head.max_num == recipe.MAX_PEOPLE
    assert model.human_detector.test_cfg.center_threshold == recipe.CENTER_THRESHOLD
    assert model.pose_regressor.pose_head.beta == recipe.BETA
    assert model.pose_regressor.num_joints == recipe.NUM_JOINTS
    return config


def build_stock_model():
    """Stock's VoxelPose of that config."""
    return build_posenet(stock_config().model).eval()


def load_recipe_weights(model):
    """Give every learned entry the recipe's weight; returns the CRC-32 of all of them."""
    state = model.state_dict()
    crc = 0
    for key in state:
        if recipe.is_learned(key):
            weight = recipe.reference_weight(key, state[key].shape)
            state[key] = torch.from_numpy(weight)
            crc = zlib.crc32(weight.tobytes(), crc)
    model.load_state_dict(state, strict=True)
    return crc


def describe_state(state):
    """Names, shapes and types of a state dict, as arrays of text."""
    return dict(
        state_keys=np.array(list(state)),
        state_shapes=np.array(['x'.join(map(str, value.shape)) for value in state.values()]),
        state_dtypes=np.array([str(value.dtype).split('.')[-1] for value in state.values()]),
    )


def describe_versions():
    """The versions that made a file, as an array of text."""
    return np.array(
        [
            f'mmpose {mmpose.__version__}',
            f'mmcv {mmcv.__version__}',
            f'torch {torch.__version__}',
            f'numpy {np.__version__}',
            f'python {platform.python_version()}',
        ]
    )


def stock_cameras():
    """The rig as stock's Shelf dataset would hand it to the model.

    The rig goes in as Shelf's calibration file has it (``R`` world to camera, ``T`` the camera's
    centre) and comes out as ``SimpleCamera`` wants it (``R`` camera to world), by stock code.
    """
    calibration = {}
    for camera in recipe.reference_rig():
        k1, k2, p1, p2, k3 = camera['dist'].tolist()
        K = camera['K'].tolist()
        calibration[camera['name']] = dict(
            R=camera['R_w2c'].tolist(),
            T=(-camera['R_w2c'].T @ camera['t_w2c'])[:, None].tolist(),
            k=[[k1], [k2], [k3]],
            p=[[p1], [p2]],
            fx=K[0][0],
            fy=K[1][1],
            cx=K[0][2],
            cy=K[1][2],
        )
    return list(Kpt3dMviewRgbImgDirectDataset._get_cam(None, calibration).values())


class _AnnInfo:
    """Stands in for a dataset where stock's letterbox asks for the sizes."""

    ann_info = dict(image_size=recipe.IMAGE_SIZE, heatmap_size=[recipe.HEATMAP_SIZE])


def stock_meta():
    """The meta information of one sample."""
    sizes = [camera['size'] for camera in recipe.reference_rig()]
    return dict(
        sample_id='reference',
        camera=stock_cameras(),
        center=[np.array(size, dtype=np.float32) / 2 for size in sizes],
        scale=[Kpt3dMviewRgbImgDirectDataset._get_scale(_AnnInfo, size) for size in sizes],
    )


def check_pixels(cameras):
    """Stock's projection of five points, after a comparison with the recipe's (double) one."""
    points = np.concatenate([recipe.ROOTS, [[1700, 1400, 1600], [-1200, -1500, 300]]])
    pixels = []
    for stock, ours in zip(cameras, recipe.reference_rig()):
        camera = SimpleCameraTorch(stock, 'cpu')
        pixels.append(camera.world_to_pixel(torch.tensor(points, dtype=torch.float32)).numpy())
        error = np.abs(pixels[-1] - recipe.project(ours, points)[0]).max()
        assert error < 0.25 * recipe.BORDER_MARGIN_PX, error
    return points, np.stack(pixels)


def run(model):
    """Every array of the stock model's answer, step by step and as a whole."""
    meta = stock_meta()
    heatmaps = recipe.reference_heatmaps()
    features = [torch.from_numpy(heatmap)[None] for heatmap in heatmaps]
    detector, regressor = model.human_detector, model.pose_regressor

    coarse, _ = detector.project_layer(
        features, [meta], detector.space_size, [detector.space_center], detector.cube_size
    )
    root_volume = detector.center_net(coarse)[0, 0].numpy()
    candidates = detector.forward_test(None, [meta], features)[0].numpy()

    roots = torch.tensor(recipe.ROOTS)
    fixed = torch.zeros(1, len(roots), 5)
    fixed[0, :, :3], fixed[0, :, 4] = roots, 1.0
    joints = regressor.forward_test(None, [meta], features, fixed)[0, ..., :3].numpy()
    person, _ = regressor.project_layer(
        features, [meta], regressor.sub_space_size, roots[:1], regressor.sub_cube_size
    )
    whole = model(
        img_metas=[meta], return_loss=False, input_heatmaps=[[feature] for feature in features]
    )
    assert np.array_equal(whole['human_detection_3d'][0], candidates)

    points, pixels = check_pixels(meta['camera'])
    head = detector.center_head
    return dict(
        geometry=torch.stack([head.grid_size, head.cube_size, head.grid_center]).numpy(),
        letterbox_scale=np.stack(meta['scale']),
        pixel_points=points,
        pixels=pixels,
        coarse_channels=np.array(COARSE_CHANNELS),
        coarse_volume=coarse[0, list(COARSE_CHANNELS)].numpy(),
        coarse_mean=coarse[0].double().mean(dim=(1, 2, 3)).numpy(),
        coarse_std=coarse[0].double().std(dim=(1, 2, 3), unbiased=False).numpy(),
        root_volume=root_volume,
        candidates=candidates,
        roots=roots.numpy(),
        person_channels=np.array(PERSON_CHANNELS),
        person_volume=person[0, list(PERSON_CHANNELS)].numpy(),
        pose_volume=regressor.pose_net(person)[0, list(PERSON_CHANNELS)].numpy(),
        joints=joints,
        pose_3d=whole['pose_3d'][0],
        heatmaps_crc=np.array(recipe.fingerprint(heatmaps)),
    )


def local_maxima(volume):
    """Voxels above their 26 neighbours: values, falling, and by how much they stand out."""
    x, y, z = volume.shape
    padded = np.pad(volume, 1, constant_values=-np.inf)
    neighbours = [
        padded[i : i + x, j : j + y, k : k + z]
        for i, j, k in np.ndindex(3, 3, 3)
        if (i, j, k) != (1, 1, 1)
    ]
    margin = volume - np.max(neighbours, axis=0)
    order = np.argsort(-volume[margin > 0])
    return volume[margin > 0][order], margin[margin > 0][order]


def check(arrays):
    """Refuse a reference that would let a wrong model pass, or a right one fail."""
    candidates, joints = arrays['candidates'], arrays['joints']
    valid = candidates[:, 3] == 0
    scores = candidates[:, 4]
    assert 2 <= valid.sum() <= 8, 'candidates must lie on both sides of the threshold'
    assert np.abs(scores - recipe.CENTER_THRESHOLD).min() > 2e-3, scores
    peaks, margins = local_maxima(arrays['root_volume'])
    count = recipe.MAX_PEOPLE
    assert np.array_equal(peaks[:count], scores), (peaks[: count + 1], scores)
    gap, margin = -np.diff(peaks[: count + 1]).max(), margins[: count + 1].min()
    assert min(gap, margin) > 1e-3, 'which candidates there are hangs on a rounding error'
    assert arrays['root_volume'].std() > 0.02
    assert np.linalg.norm(joints - arrays['roots'][:, None], axis=-1).max() > 100
    assert joints.std(axis=1).min() > 20, 'the joints of a person must differ'
    recipe.check_rig(tuple(map(tuple, candidates[valid, :3].tolist())))
    return dict(
        recipe.check_rig(),
        coarse=(float(arrays['coarse_volume'].min()), float(arrays['coarse_volume'].max())),
        root_std=float(arrays['root_volume'].std()),
        scores=scores.round(4).tolist(),
        score_gap=float(gap),
        peak_margin=float(margin),
        pose_std=float(arrays['pose_volume'].std()),
        joint_offset_mm=np.abs(joints - arrays['roots'][:, None]).mean(axis=(0, 1)).tolist(),
        joint_spread_mm=joints.std(axis=1).tolist(),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', default=osp.join(HERE, 'voxelpose.npz'))
    parser.add_argument('--checkpoint', help='also save the weights here, by stock code')
    args = parser.parse_args()

    torch.set_num_threads(1)
    model = build_stock_model()
    weights_crc = load_recipe_weights(model)
    with torch.no_grad():
        arrays = run(model)
    for name, value in check(arrays).items():
        print(f'{name}: {value}')
    np.savez_compressed(
        args.out,
        weights_crc=np.array(weights_crc),
        versions=describe_versions(),
        **describe_state(model.state_dict()),
        **arrays,
    )
    print(f'{args.out}: {osp.getsize(args.out) / 1e3:.0f} kB')
    if args.checkpoint:
        save_checkpoint(model, args.checkpoint)
        print(args.checkpoint)


if __name__ == '__main__':
    main()
