"""Processor time per frame of triangulation, of the pose prior, and of feet, hands and face.

    python -m benchmarks.per_frame

On synthetic people before a ring of cameras, one thread: joints, people and cameras are varied. The
processor time, unlike the time by the clock, depends little on what else the machine does.
"""

from __future__ import annotations

import statistics
import time
from typing import Iterator

import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from mmpose_ours.calibration import fit_space
from mmpose_ours.datasets.transforms import PackMultiviewInputs
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.models import KeypointPrior, TriangulatePose
from mmpose_ours.parts.completion import PartCompletion
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.synthetic.poses.body_model import built_in_poses
from mmpose_ours.synthetic.poses.whole_body import bodies_in

FRAMES, ROUNDS, NOISE_PX = 20, 5, 2.0
# Joints, people and cameras.
CASES = (
    ('coco17', 5, 5), ('halpe26', 5, 5), ('coco17', 1, 5), ('coco17', 10, 5), ('coco17', 5, 16),
    ('coco17', 10, 31),
)  # fmt: skip


def ring(cameras: int) -> CameraRig:
    """Cameras on a circle of 6 m, 2.5 m high, that look at its middle."""
    angles = 2 * np.pi * np.arange(cameras) / cameras
    places = np.stack([6000 * np.cos(angles), 6000 * np.sin(angles), 0 * angles + 2500], -1)
    target, size = (0, 0, 900), (1920, 1080)
    return CameraRig(
        tuple(Camera.looking_at(str(i), tuple(p), target, 1100, size) for i, p in enumerate(places))
    )


def seen(joints: str, people: int, cameras: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames of people who stand around the middle, at least a metre apart.

    Yields:
        Poses (P, J, 3) in mm, and what the cameras see of them, (V, P, J, 3).
    """
    rng, rig, skeleton = np.random.default_rng(0), ring(cameras), SKELETONS[joints]
    angles = 2 * np.pi * np.arange(people) / people
    radius = 0.0 if people == 1 else max(1000.0, 500.0 / np.sin(np.pi / people))
    places = radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], -1)
    for _ in range(FRAMES):
        poses = bodies_in(skeleton, built_in_poses(people, rng), rng) + places[:, None]
        uv = rig.project(poses)[0]
        uv = uv + rng.normal(0, NOISE_PX, uv.shape)
        keypoints = np.concatenate([uv, np.full((*uv.shape[:-1], 1), 0.9)], -1)
        yield poses, np.where(np.isfinite(keypoints).all(-1, keepdims=True), keypoints, 0.0)


def frames(joints: str, people: int, cameras: int) -> list[dict]:
    """Collated frames of :func:`seen`."""
    pack, rig, batches = PackMultiviewInputs(), ring(cameras), []
    space = fit_space(rig)
    for frame, (_, keypoints) in enumerate(seen(joints, people, cameras)):
        info = dict(rig=rig, space=space, joints=joints, frame_id=frame, keypoints_2d=keypoints)
        batches.append(pseudo_collate([pack(info)]))
    return batches


def milliseconds_of_parts(joints: str, people: int, cameras: int) -> float:
    """Median processor time per frame of the joints beyond those of COCO-17."""
    rig, whole, times = ring(cameras), SKELETONS[joints], []
    body = [whole.joints.index(joint) for joint in COCO17.joints]
    recording = [
        (
            Poses3D(COCO17, poses[:, body], track_ids=np.arange(people)),
            {camera.name: Keypoints2D(whole, own) for camera, own in zip(rig, keypoints)},
        )
        for poses, keypoints in seen(joints, people, cameras)
    ]
    complete = PartCompletion(rig, whole)
    for _ in range(ROUNDS):
        for poses, keypoints in recording:
            start = time.process_time()
            complete(poses, keypoints)
            times.append(time.process_time() - start)
    return 1e3 * statistics.median(times)


def milliseconds(model: torch.nn.Module, batches: list[dict]) -> tuple[float, int]:
    """Median processor time per frame, and the number of people found in the first."""
    times = []
    with torch.no_grad():
        found = len(model.test_step(batches[0])[0].pred_instances)
        for _ in range(ROUNDS):
            for batch in batches:
                start = time.process_time()
                model.test_step(batch)
                times.append(time.process_time() - start)
    return 1e3 * statistics.median(times), found


def main() -> None:
    torch.set_num_threads(1)
    for joints, people, cameras in CASES:
        batches = frames(joints, people, cameras)
        for model in (TriangulatePose, KeypointPrior):
            time_ms, found = milliseconds(model(joints=joints).eval(), batches)
            print(
                f'{model.__name__}, {joints}, {people} people ({found} found), {cameras} cameras: '
                f'{time_ms:.2f} ms'
            )
    case = 'coco_wholebody', 5, 5
    time_ms = milliseconds_of_parts(*case)
    print(f'feet, hands and face, {case[0]}, {case[1]} people, {case[2]} cameras: {time_ms:.2f} ms')


if __name__ == '__main__':
    main()
