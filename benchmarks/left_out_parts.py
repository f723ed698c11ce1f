"""Left-out-camera error of feet, hands and face: ``python -m benchmarks.left_out_parts``.

A recording is processed without one of its cameras, and the 3D poses are projected into that one:
the distance to its 2D keypoints, which had no part in the poses, is the error. Beside it stand how
often a joint is found where two views or more show it, and how much the length of a segment varies
over a track.
"""

from __future__ import annotations

import argparse
import collections
import sys
from pathlib import Path
from typing import Iterator, Mapping

import numpy as np

from benchmarks.report import markdown
from benchmarks.worker import ROOT
from mmpose_ours.apis.inferencer import MultiviewInferencer
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.io.disk.files import write_json
from mmpose_ours.parts.layout import parts_of
from mmpose_ours.parts.matching import Projected, match_detections
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import COCO17

# px. Larger errors count as this, as in benchmarks/left_out.py.
MAX_ERROR_PX = 200.0
# Joints of the left-out camera with a smaller score (0 to 1) judge nobody.
MIN_SCORE = 0.3
# Frames that a track has at least, for its segments to be judged.
MIN_TRACK = 40
BODY = {
    'wrists': ('left_wrist', 'right_wrist'),
    'ankles': ('left_ankle', 'right_ankle'),
}


def main() -> None:
    """Measure one recording, print its tables and write its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = ROOT.parent / 'shared' / 'data' / 'pizza1'
    parser.add_argument('--rig', type=Path, default=shared / 'camera_parameters.json')
    parser.add_argument('--keypoints', type=Path, default=shared / 'openpose_body25_hands')
    args = parser.parse_args()
    inferencer = MultiviewInferencer(rig=args.rig, device='cpu')
    whole = list(inferencer.open(keypoints=args.keypoints))
    errors: dict[str, list[float]] = collections.defaultdict(list)
    for left_out in inferencer.rig:
        others = [name for name in inferencer.rig.names if name != left_out.name]
        without = MultiviewInferencer(rig=args.rig, cameras=others, device='cpu')
        for result, everything in zip(without.open(keypoints=args.keypoints), whole):
            for group, error in errors_of(result, everything, left_out):
                errors[group].append(error)
        print(f'without {left_out.name}: done', file=sys.stderr, flush=True)
    segments = variations(whole)
    lines = [['joints', 'median px', 'mean px', 'count'], ['---'] * 4]
    for group, values in errors.items():
        figures = f'{np.median(values):.1f}', f'{np.mean(values):.1f}'
        lines.append([group, *figures, str(len(values))])
    print(markdown(lines), end='\n\n')
    lines = [['segments', 'variation of the length, median'], ['---'] * 2]
    lines += [[kind, f'{100 * np.median(values):.1f} %'] for kind, values in segments.items()]
    print(markdown(lines))
    out = ROOT / 'benchmarks' / 'out' / 'left_out_parts.json'
    out.parent.mkdir(exist_ok=True)
    means = {group: float(np.mean(values)) for group, values in errors.items()}
    write_json(out, {'mean_px': means, 'variation': dict(segments)})


def groups_of(skeleton: Skeleton) -> Mapping[str, tuple[str, ...]]:
    """Group of joints -> its joints."""
    groups: dict[str, tuple[str, ...]] = dict(BODY)
    for part in parts_of(skeleton):
        joints = part.joints
        if part.kind == 'hand':
            joints = tuple(joint for joint in joints if joint != part.root)
        groups[part.kind] = groups.get(part.kind, ()) + joints
    return groups


def errors_of(
    result: FrameResult, everything: FrameResult, camera: Camera
) -> Iterator[tuple[str, float]]:
    """Group and error in px of each joint that the left-out camera shows.

    Args:
        result: The people without the camera.
        everything: The same frame with its keypoints.
        camera: The camera.
    """
    people = everything.keypoints.get(camera.name)
    if people is None or not len(people) or not len(result.poses):
        return
    poses = result.poses
    body = convert_joints(poses.xyz_mm, poses.skeleton, COCO17)
    seen = Projected.of(CameraRig((camera,)), body).view(0)
    found = match_detections(seen, people.to(COCO17).array)
    projected, _ = camera.project(poses.xyz_mm)
    for group, joints in groups_of(people.skeleton).items():
        ours, theirs = poses.skeleton.index(*joints), people.skeleton.index(*joints)
        for row in np.flatnonzero(found >= 0):
            uv = people.array[found[row]][theirs]
            error = np.linalg.norm(projected[row, ours] - uv[:, :2], axis=-1)
            judged = np.isfinite(error) & (uv[:, 2] >= MIN_SCORE)
            yield from ((group, float(e)) for e in np.minimum(error[judged], MAX_ERROR_PX))


def variations(results: list[FrameResult]) -> Mapping[str, list[float]]:
    """Kind of part -> standard deviation over mean of each of its segments in each track."""
    tracks: dict[int, list[np.ndarray]] = collections.defaultdict(list)
    for result in results:
        for track, pose in zip(result.track_ids, result.poses.xyz_mm):
            tracks[int(track)].append(pose)
    skeleton = results[0].poses.skeleton
    found: dict[str, list[float]] = collections.defaultdict(list)
    for poses in tracks.values():
        for part in parts_of(skeleton) if len(poses) >= MIN_TRACK else ():
            for segment in part.segments:
                first, second = skeleton.index(segment.first, segment.second)
                xyz = np.array(poses)
                length = np.linalg.norm(xyz[:, first] - xyz[:, second], axis=-1)
                length = length[np.isfinite(length)]
                if len(length) >= MIN_TRACK:
                    found[part.kind].append(float(length.std() / length.mean()))
    return found


if __name__ == '__main__':
    main()
