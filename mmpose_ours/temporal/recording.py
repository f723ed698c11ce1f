"""The results of all frames of a recording, and their trajectories."""

from __future__ import annotations

import dataclasses
from typing import Callable, Iterator, Sequence

import numpy as np

from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.structures.frames import FrameResult
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.poses import Poses3D
from mmpose_ours.structures.skeleton import Skeleton
from mmpose_ours.temporal.bones import Anatomy, anatomy_of
from mmpose_ours.temporal.evidence import Evidence
from mmpose_ours.temporal.matching import ViewDetections, match_view
from mmpose_ours.temporal.trajectory import MAX_GAP_S, Trajectory, _interpolated, solve_trajectory


@dataclasses.dataclass
class TemporalReport:
    """What trajectories changed.

    Args:
        tracks: Number of people.
        filled: Poses that were added in frames without the person.
        lengths_mm: By track ID the bone lengths, by name of the bone.
    """

    tracks: int = 0
    filled: int = 0
    lengths_mm: dict[int, dict[str, float]] = dataclasses.field(default_factory=dict)


def optimise_trajectories(
    results: Sequence[FrameResult],
    rig: CameraRig | None,
    rate_hz: float,
    *,
    max_gap_s: float = MAX_GAP_S,
    report: TemporalReport | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[FrameResult]:
    """Estimate the poses of a recording from all of its frames together.

    Args:
        results: Consecutive frames, whose people have track IDs.
        rig: The cameras of their 2D keypoints, in the world of the poses; None takes the 3D poses
            alone.
        rate_hz: Frames per second.
        max_gap_s: Gaps up to this are filled.
        report: Gets what was changed.
        progress: Called with the people that are done, and their number.

    Returns:
        The same frames. A pose is optimised, a missing one filled where the gap is short; joints
        have the standard deviations of the optimisation.
    """
    results = list(results)
    report = TemporalReport() if report is None else report
    if not any(len(result.poses) for result in results):
        return results
    skeleton = results[0].poses.skeleton
    anatomy = anatomy_of(skeleton)
    pieces = _pieces(results, round(max_gap_s * rate_hz))
    views = [] if rig is None else view_detections(results, rig, skeleton)
    matched = _matched(views, pieces, skeleton)
    found: dict[int, list[Trajectory]] = {}
    for done, track in enumerate(sorted(pieces)):
        evidence = [
            _with_rays(piece, views, [rows[track][index] for rows in matched])
            for index, piece in enumerate(pieces[track])
        ]
        found[track], lengths = solve_trajectory(evidence, anatomy, rate_hz, max_gap_s)
        report.lengths_mm[track] = _named(anatomy, lengths)
        progress(done + 1, len(pieces))
    report.tracks = len(pieces)
    return list(_with_trajectories(results, found, report))


def _named(anatomy: Anatomy, lengths: np.ndarray) -> dict[str, float]:
    return {
        name: float(length)
        for name, length in zip(anatomy.group_names, lengths)
        if np.isfinite(length)
    }


def _pieces(results: Sequence[FrameResult], longest: int) -> dict[int, list[Evidence]]:
    """By track ID the poses of consecutive frames; longer gaps separate pieces."""
    rows: dict[int, list[tuple[int, int]]] = {}
    for frame, result in enumerate(results):
        for row, track in enumerate(result.track_ids.tolist() if len(result.poses) else ()):
            rows.setdefault(track, []).append((frame, row))
    pieces: dict[int, list[Evidence]] = {}
    for track, entries in rows.items():
        frames = np.array([frame for frame, _ in entries])
        for part in np.split(
            np.arange(len(entries)), np.flatnonzero(np.diff(frames) > longest + 1) + 1
        ):
            first, last = frames[part[0]], frames[part[-1]]
            joints = len(results[first].poses.skeleton)
            points = np.full((last - first + 1, joints, 3), np.nan)
            std = np.full(points.shape[:2], np.nan)
            for index in part:
                frame, row = entries[index]
                poses = results[frame].poses
                points[frame - first] = poses.xyz_mm[row]
                if poses.std_mm is not None:
                    std[frame - first] = poses.std_mm[row]
            pieces.setdefault(track, []).append(Evidence.of_points(int(first), points, std))
    return pieces


def view_detections(
    results: Sequence[FrameResult], rig: CameraRig, skeleton: Skeleton
) -> list[ViewDetections]:
    """The detections of all frames by view, with the joints of the poses."""
    views = []
    nobody = Keypoints2D.nobody(skeleton)
    for camera in rig:
        people = [result.keypoints.get(camera.name, nobody) for result in results]
        first = np.concatenate([[0], np.cumsum([len(some) for some in people])])
        parts = [some.to(skeleton).array for some in people if len(some)]
        keypoints = np.concatenate(parts) if parts else nobody.array
        views.append(ViewDetections(camera, np.asarray(keypoints, np.float32), first))
    return views


def _matched(
    views: Sequence[ViewDetections], pieces: dict[int, list[Evidence]], skeleton: Skeleton
) -> list[dict[int, list[np.ndarray]]]:
    """Per view, track and piece the rows of the detections."""
    flat = [(track, piece) for track in sorted(pieces) for piece in pieces[track]]
    tracks = [(piece.start, _interpolated(piece.points)) for _, piece in flat]
    names = [
        joint
        for joint in skeleton.joints
        if joint.split('_')[-1]
        in ('nose', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle', 'eye', 'ear')
    ]
    joints = skeleton.index(*names) if names else list(range(len(skeleton)))
    matched = []
    for view in views:
        by_track: dict[int, list[np.ndarray]] = {}
        rows = match_view(view, tracks, joints, skeleton.flip_order)
        for (track, _), of_piece in zip(flat, rows):
            by_track.setdefault(track, []).append(of_piece)
        matched.append(by_track)
    return matched


def _with_rays(
    piece: Evidence, views: Sequence[ViewDetections], rows: Sequence[np.ndarray]
) -> Evidence:
    if not views:
        return piece
    frames, joints = piece.points.shape[:2]
    directions = np.zeros((frames, len(views), joints, 3))
    weights = np.zeros((frames, len(views), joints))
    for number, (view, of_view) in enumerate(zip(views, rows)):
        there = np.flatnonzero(of_view >= 0)
        directions[there, number], weights[there, number] = view.rays(of_view[there])
    origins = np.stack([view.camera.center_w for view in views])
    return dataclasses.replace(piece, origins=origins, directions=directions, weights=weights)


def _with_trajectories(
    results: Sequence[FrameResult], found: dict[int, list[Trajectory]], report: TemporalReport
) -> Iterator[FrameResult]:
    starts: dict[int, list[tuple[int, Trajectory]]] = {}
    for track, trajectories in found.items():
        for trajectory in trajectories:
            starts.setdefault(trajectory.start, []).append((track, trajectory))
    running: dict[int, Trajectory] = {}
    for frame, result in enumerate(results):
        running = {track: one for track, one in running.items() if frame < one.start + len(one)}
        running.update(starts.get(frame, ()))
        before = (
            {int(n): row for row, n in enumerate(result.track_ids)} if len(result.poses) else {}
        )
        tracks = [
            track
            for track, one in sorted(running.items())
            if np.isfinite(one.xyz_mm[frame - one.start]).any()
        ]
        poses = _frame_poses(result.poses, frame, before, tracks, running)
        report.filled += sum(track not in before for track in tracks)
        yield dataclasses.replace(result, poses=poses)


def _frame_poses(
    poses: Poses3D,
    frame: int,
    before: dict[int, int],
    tracks: list[int],
    running: dict[int, Trajectory],
) -> Poses3D:
    rows = [frame - running[track].start for track in tracks]
    joints = len(poses.skeleton)
    xyz = np.array([running[n].xyz_mm[row] for n, row in zip(tracks, rows)])
    std = np.array([running[n].std_mm[row] for n, row in zip(tracks, rows)])

    def of_frame(values: np.ndarray | None, missing: float) -> np.ndarray | None:
        if values is None:
            return None
        return np.array([values[before[n]] if n in before else missing for n in tracks],
                        dtype=np.asarray(values).dtype)  # fmt: skip

    views = None if poses.views is None and before else np.array(
        [running[n].views[row] for n, row in zip(tracks, rows)], int
    )  # fmt: skip
    return Poses3D(
        poses.skeleton,
        xyz.reshape(-1, joints, 3),
        of_frame(poses.scores, 0.0),
        np.array(tracks, np.int64),
        views,
        std.reshape(-1, joints),
    )
