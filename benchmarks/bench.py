"""Times each stage of this package on this machine: ``make bench``.

Median and spread of several rounds, in one process, stages in turn. Prints a table and writes
``benchmarks/out/bench.json`` (seconds). Times of different machines do not compare; the matrix
rate in the last line says what this one can do.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from mmengine.registry import init_default_scope

import mmpose_ours.registry  # noqa: F401  makes the scope known
from mmpose_ours import paths
from mmpose_ours.calibration import fit_space, read_rig
from mmpose_ours.datasets import PackMultiviewInputs
from mmpose_ours.files import write_json
from mmpose_ours.models import VoxelPose
from mmpose_ours.models.projection import TorchRig, sampling_grid, space_points
from mmpose_ours.synthetic import DetectorFaults, PoseBank, SceneSampler

OUT = Path(__file__).parent / 'out' / 'bench.json'


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--people', type=int, default=3)
    args = parser.parse_args()
    init_default_scope('mmpose_ours')
    stages = make_stages(args.people)
    times: dict[str, list[float]] = {name: [] for name in stages}
    for round_ in range(args.rounds + 1):
        for name, stage in stages.items():
            start = time.perf_counter()
            stage()
            if round_:  # the first round warms caches up
                times[name].append(time.perf_counter() - start)
        print(f'round {round_} of {args.rounds}', flush=True)

    print(f'\n{"stage":34}{"median":>11}{"spread":>11}')
    for name, values in times.items():
        spread = max(values) - min(values)
        print(f'{name:34}{statistics.median(values) * 1e3:8.1f} ms{spread * 1e3:8.1f} ms')
    rate = matrix_rate_gflops()
    print(f'\nmatrix product, float32: {rate:.0f} GFLOP/s on {torch.get_num_threads()} threads')
    write_json(
        OUT,
        {
            **{name: {'ours': statistics.median(values)} for name, values in times.items()},
            'machine': {'sgemm_gflops': rate, 'threads': torch.get_num_threads()},
        },
        indent=2,
    )
    print(f'written: {OUT}')


def make_stages(people: int) -> dict[str, Callable[[], object]]:
    """The stages of one instant of the invented five-camera rig, by name."""
    rig = read_rig(paths.share('configs') / 'ours' / 'rigs' / 'five_cameras.json')
    space = fit_space(rig)
    sampler = SceneSampler(rig, space, PoseBank.built_in(), people=(people, people))
    faults, rng = DetectorFaults(), np.random.default_rng(0)

    def scene():
        drawn = sampler.sample(rng)
        return drawn, faults.detect(drawn, rig, rng)

    drawn, keypoints = scene()
    packed = PackMultiviewInputs()(
        dict(rig=rig, space=space, joints='coco17', frame_id=0, keypoints_2d=keypoints,
             keypoints_3d=drawn.poses, visible=drawn.visible)
    )  # fmt: skip
    data = dict(
        inputs=dict(keypoints=[packed['inputs']['keypoints']]),
        data_samples=[packed['data_samples']],
    )
    preprocessor = dict(type='MultiviewDataPreprocessor', heatmap_size=(200, 152))
    model = VoxelPose(data_preprocessor=preprocessor, pose=dict(shortcut=True, beta=20.0))
    prepared = model.data_preprocessor(data)
    heatmaps, sample = prepared['inputs']['heatmaps'][0], prepared['data_samples'][0]
    torch_rig = TorchRig(rig)
    roots = sample.gt_instances.keypoints_3d[:, model.root_index].mean(1)

    def train_step():
        model.train()
        model.zero_grad()
        sum(model(**prepared, mode='loss').values()).backward()
        model.eval()

    @torch.inference_mode()
    def frame():
        root_volume = model.human_detector(model.human_detector.volume(heatmaps, rig, space)[None])
        model.human_detector.peaks(root_volume[0], space)
        volumes = model.pose_regressor.volumes(heatmaps, torch_rig, roots)
        return model.pose_regressor(volumes, roots)

    points = space_points(space, model.human_detector.bins).view(-1, 3)
    model.eval()
    return {
        'scene_sampling': scene,
        'heatmaps': lambda: model.data_preprocessor(data),
        'coarse_grid_once_per_rig': lambda: sampling_grid(
            TorchRig(rig, dtype=torch.float64), points, (200, 152)
        ),
        'coarse_projection': lambda: model.human_detector.volume(heatmaps, rig, space),
        'person_projection': lambda: model.pose_regressor.volumes(heatmaps, torch_rig, roots),
        'voxelpose_frame': frame,
        'voxelpose_train_step': train_step,
    }


def matrix_rate_gflops(size: int = 2048, rounds: int = 5) -> float:
    """The machine's own limit: the best rate of a float32 matrix product."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    best = float('inf')
    for _ in range(rounds):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


if __name__ == '__main__':
    main()
