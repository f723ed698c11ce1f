"""How a whole recording went: figures per camera and per frame, and which frames are worst.

3D poses are held against the 2D keypoints that they come from, as ``mmpose-ours evaluate
--without-truth`` does; no truth is needed.
"""

from __future__ import annotations

import dataclasses
from typing import Callable, Sequence

import numpy as np

from mmpose_ours.detections import stack_keypoints
from mmpose_ours.detections.joints import compared_joints
from mmpose_ours.evaluation.without_truth.result import UnlabelledResult
from mmpose_ours.evaluation.without_truth.scores import EvaluatedFrame, unlabelled_figures
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.structures.skeletons import as_skeleton


@dataclasses.dataclass(frozen=True)
class CameraFigures:
    """One camera.

    Args:
        name: Its name.
        people_2d: People that were found in its images, per frame.
        empty_share: Share of the frames in which nobody was found.
        due: Sightings to expect of it: 3D poses with half their joints in its image.
        matched: Those for which it has a 2D person.
        median_px: Median distance of a projected joint from the detected one.
        p90_px: 90th percentile.
    """

    name: str
    people_2d: float
    empty_share: float
    due: int
    matched: int
    median_px: float
    p90_px: float


@dataclasses.dataclass(frozen=True)
class FrameFigures:
    """One frame.

    Args:
        index: Its place in the recording.
        people: 3D poses.
        missed: People whom two cameras see and who are nobody in 3D.
        false_positives: 3D poses whom no camera supports and one should see.
        p90_px: 90th percentile of the reprojection error; NaN where nothing was matched.
    """

    index: int
    people: int
    missed: int
    false_positives: int
    p90_px: float


@dataclasses.dataclass(frozen=True)
class RunFigures:
    """A recording.

    Args:
        overall: Figures over everything.
        cameras: In the rig's order.
        frames: In the order of time.
    """

    overall: UnlabelledResult
    cameras: Sequence[CameraFigures]
    frames: Sequence[FrameFigures]

    def worst(self, count: int) -> list[tuple[FrameFigures, str]]:
        """Frames to look at first, each with the reason.

        Half of them have the most people missed or without support; the others the largest
        reprojection error.
        """
        wrong = sorted(self.frames, key=lambda i: -(i.missed + i.false_positives))
        far = [frame for frame in self.frames if np.isfinite(frame.p90_px)]
        far.sort(key=lambda i: -i.p90_px)
        chosen: list[FrameFigures] = []
        # Neighbours look alike, so one stands for them.
        apart = len(self.frames) // 20
        for candidates, limit in (
            ([i for i in wrong if i.missed + i.false_positives], count // 2),
            (far, count),
        ):
            for frame in candidates:
                if len(chosen) == limit:
                    break
                if all(abs(frame.index - other.index) > apart for other in chosen):
                    chosen.append(frame)
        return [(frame, _reason(frame)) for frame in chosen]


def run_figures(
    rig: CameraRig,
    frames: Sequence[FrameResult],
    joints: Skeleton | str = 'coco17',
    fps: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RunFigures:
    """Judge a recording.

    Args:
        rig: V cameras with image sizes.
        frames: 3D poses, each with its ``detections``.
        joints: Skeleton of the 3D poses.
        fps: Frames per second, if known.
        progress: Called with how many frames are done, and of how many.
    """
    judged, figures = [], []
    compared = compared_joints(as_skeleton(joints))
    for index, people in enumerate(frames):
        found = stack_keypoints(people.keypoints, rig.names, compared)
        judged.append(EvaluatedFrame(people.frame, rig, np.asarray(people.poses.xyz_mm), found))
        alone = unlabelled_figures(judged[-1:], joints, compared)
        p90_px = alone.reprojection.p90_px
        figures.append(
            FrameFigures(index, alone.people, alone.missed, alone.false_positives, p90_px)
        )
        if progress is not None:
            progress(index + 1, len(frames))
    overall = unlabelled_figures(judged, joints, compared, frame_rate=fps)
    cameras = []
    for name in rig.names:
        counts = np.array([len(people.keypoints.get(name, ())) for people in frames])
        seen = overall.cameras[name]
        cameras.append(
            CameraFigures(
                name,
                float(counts.mean()),
                float((counts == 0).mean()),
                seen.due,
                seen.matched,
                seen.median_px,
                seen.p90_px,
            )
        )
    return RunFigures(overall, cameras, figures)


def _reason(frame: FrameFigures) -> str:
    said = [
        f'{count} {what}'
        for count, what in (
            (frame.missed, 'missed whom two cameras see'),
            (frame.false_positives, 'without support by any camera'),
        )
        if count
    ]
    if np.isfinite(frame.p90_px):
        said.append(f'reprojection {frame.p90_px:.0f} px (90 %)')
    return '; '.join(said)
