r"""Let the Panoptic dataset of stock MMPose 0.29 read and score synthetic people.

The script generates a rig, annotated bodies and predictions, writes them as an official Panoptic
folder, and keeps what ``Body3DMviewDirectPanopticDataset`` makes of it: AP, AR, recall, MPJPE,
and where its cameras see the annotated joints. Our own test writes the same folder from
``panoptic.npz`` and must arrive at the same numbers where stock is right. The environment to
run it in is that of ``make_voxelpose_reference.py``::

    stock/bin/python tests/stock_reference/make_panoptic_reference.py

or that of the benchmark, which has no torchvision and needs none (``requirements/stock.sh``)::

    PYTHONPATH=.:tests/stock_reference .venv-stock/bin/python -c \
        "import benchmarks.stock_side, make_panoptic_reference as make; make.main()"

Of the frames, one is annotated without anybody and one with a body whose hips are unknown; stock
drops both. Several bodies have joints of low confidence, several predictions are false positives,
duplicates or far off.

Arrays of ``panoptic.npz`` (float64 unless said):

=================  ==============================================================================
``calibration``    the rig as the text of a Panoptic JSON file
``frames``         (F,) int64: frame numbers
``body_frames``    (N,) int64: the frame of each body
``bodies``         (N, 19, 4): ``joints19`` of the bodies, centimetres and confidence, y down
``pose_frames``    (M,) int64: the frame of each prediction
``poses``          (M, 15, 3) millimetres, z up, and ``scores`` (M,)
``kept``           (K,) int64: the frames that stock keeps
``figure_names``   names of stock's figures, as text, and ``figures``, their values
``pixels``         (K, V, 10, 15, 3): u, v, visible of stock's people, padded with zeros
``versions``       what made this file, as text
=================  ==============================================================================
"""

import argparse
import json
import os
import os.path as osp
import tempfile

import mmcv
import numpy as np
from make_voxelpose_reference import CONFIGS, HERE, describe_versions
from mmpose.datasets import Body3DMviewDirectPanopticDataset

SEQUENCE = 'synthetic'
CAMERAS = ((0, 12), (0, 3), (0, 23))
FRAMES = 14
EMPTY, HIPLESS = 5, 9
MID_HIP = 2


def random_calibration(rng):
    """Cameras on a circle of 3 m, 2 m up, looking at a point 1 m above the floor; cm, y down."""
    cameras = []
    for index, (panel, node) in enumerate(CAMERAS):
        angle = 2 * np.pi * index / len(CAMERAS) + 0.4
        center = np.array([300 * np.cos(angle), -200, 300 * np.sin(angle)])
        forward = np.array([0, -100, 0]) - center
        forward /= np.linalg.norm(forward)
        right = np.cross([0, 1, 0], forward)
        right /= np.linalg.norm(right)
        R = np.stack([right, np.cross(forward, right), forward])
        cameras.append(
            dict(
                name=f'{panel:02d}_{node:02d}',
                type='hd',
                resolution=[1920, 1080],
                panel=panel,
                node=node,
                K=[[1400.0, 0, 950.0], [0, 1395.0, 545.0], [0, 0, 1]],
                distCoef=(rng.normal(size=5) * [0.1, 0.05, 0.001, 0.001, 0.01]).round(5).tolist(),
                R=R.tolist(),
                t=(-R @ center)[:, None].tolist(),
            )
        )
    return dict(cameras=cameras)


def generate_people(rng):
    """Bodies by frame, (frame, (19, 4)), and predictions by frame, (frame, (15, 3), score)."""
    bodies, poses = [], []
    for frame in range(FRAMES):
        count = 0 if frame == EMPTY else 1 if frame == HIPLESS else rng.integers(1, 5)
        for _ in range(count):
            body = np.ones((19, 4))
            body[:, :3] = rng.normal(size=(19, 3)) * [20, 40, 20] + [0, -90, 0]
            body[:, [0, 2]] += rng.uniform(-120, 120, 2)
            body[rng.random(19) < 0.15, 3] = rng.choice([-1.0, 0.05, 0.1])
            body[MID_HIP, 3] = -1.0 if frame == HIPLESS else 0.9
            body = body.round(4)
            bodies.append((frame, body))
            x, y, z = body[:15, :3].T * 10
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                off = rng.choice([8, 25, 45, 70, 100, 400])
                pose = np.stack([x, z, -y], 1) + rng.normal(size=(15, 3)) * off / 1.6
                poses.append((frame, pose.round(3), rng.random()))
        if frame in (EMPTY, HIPLESS) or rng.random() < 0.3:
            poses.append((frame, rng.normal(size=(15, 3)).round(3) * 500, rng.random()))
    return bodies, poses


def write_folder(root, calibration, bodies):
    """An official Panoptic folder of one sequence."""
    folder = osp.join(root, SEQUENCE, 'hdPose3d_stage1_coco19')
    os.makedirs(folder)
    mmcv.dump(calibration, osp.join(root, SEQUENCE, f'calibration_{SEQUENCE}.json'))
    for frame in range(FRAMES):
        people = [
            dict(id=index, joints19=body.ravel().tolist())
            for index, (of, body) in enumerate(bodies)
            if of == frame
        ]
        with open(osp.join(folder, f'body3DScene_{frame:08d}.json'), 'w') as file:
            json.dump(dict(version=0.7, bodies=people), file)


def stock_dataset(root):
    """The dataset as the Panoptic config of MMPose 0.29 builds it, on the generated folder."""
    config = mmcv.Config.fromfile(
        osp.join(CONFIGS, 'panoptic/voxelpose_prn64x64x64_cpn80x80x20_panoptic_cam5.py')
    )
    settings = dict(config.test_data_cfg, seq_list=[SEQUENCE], cam_list=list(CAMERAS))
    settings.update(num_cameras=len(CAMERAS), seq_frame_interval=1)
    return Body3DMviewDirectPanopticDataset(
        None, root, settings, [], dataset_info=config.dataset_info, test_mode=True
    )


def predictions_of(frame, poses):
    """Stock's form of a frame's answer: (10, 15, 5), column 3 negative where there is none."""
    answer = np.full((10, 15, 5), -1.0)
    for row, (_, pose, score) in enumerate(entry for entry in poses if entry[0] == frame):
        answer[row] = np.concatenate([pose, np.zeros((15, 1)), np.full((15, 1), score)], 1)
    return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--out', default=osp.join(HERE, 'panoptic.npz'))
    args = parser.parse_args()

    rng = np.random.default_rng(29)
    calibration = random_calibration(rng)
    bodies, poses = generate_people(rng)
    with tempfile.TemporaryDirectory() as root:
        write_folder(root, calibration, bodies)
        dataset = stock_dataset(root)
    views = len(CAMERAS)
    entries = dataset.db[::views]
    kept = [int(entry['image_file'][-12:-4]) for entry in entries]
    order = [osp.basename(entry['image_file'])[:5] for entry in dataset.db[:views]]
    assert kept == [f for f in range(FRAMES) if f not in (EMPTY, HIPLESS)]
    results = [
        dict(pose_3d=predictions_of(frame, poses)[None], sample_id=[index])
        for index, frame in enumerate(kept)
    ]
    figures = dataset.evaluate(results, metric=['mAP', 'mpjpe'])
    for name, value in figures.items():
        print(f'{name}: {value:.4f}')
    assert 0.1 < figures['mAP'] < 0.9 and figures['AP 25'] > 0
    calibration['cameras'].sort(key=lambda camera: order.index(camera['name']))
    np.savez_compressed(
        args.out,
        calibration=np.array(json.dumps(calibration)),
        frames=np.arange(FRAMES),
        body_frames=np.array([frame for frame, _ in bodies]),
        bodies=np.array([body for _, body in bodies]),
        pose_frames=np.array([frame for frame, _, _ in poses]),
        poses=np.array([pose for _, pose, _ in poses]),
        scores=np.array([score for _, _, score in poses]),
        kept=np.array(kept),
        figure_names=np.array(list(figures)),
        figures=np.array(list(figures.values())),
        pixels=np.array([entry['joints'][0] for entry in dataset.db]).reshape(-1, views, 10, 15, 3),
        versions=describe_versions(),
    )
    print(f'{args.out}: {osp.getsize(args.out) / 1e3:.0f} kB')


if __name__ == '__main__':
    main()
