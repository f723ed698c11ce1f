"""The people of a recording without one of their cameras, and who estimates them.

Detections are associated across all cameras first, and every method gets the same groups: what is
compared is the estimate of a pose, not the association.
"""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import torch

from benchmarks.left_out_recordings import Recording
from mmpose_ours.apis.adaptation import Adaptation
from mmpose_ours.apis.inferencer import MultiviewInferencer
from mmpose_ours.detections import stack_keypoints
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.triangulation import triangulate
from mmpose_ours.models.association.hypotheses import Hypotheses
from mmpose_ours.recordings.frame_matching import frame_order

MM_PER_M = 1000.0


@dataclasses.dataclass(frozen=True, eq=False)
class Cases:
    """M times one person of one frame from whom one camera is left out.

    Args:
        rig: V cameras, in mm.
        keypoints: (M, V, J, 3) ``u, v, score`` of the person in all views, 0 where missing.
        view: (M,) index of the camera that is left out.
        kept: (M, V) bool, the cameras from which the person is estimated.
        frame: (M,) index of the frame among those that are evaluated.
    """

    rig: CameraRig
    keypoints: np.ndarray
    view: np.ndarray
    kept: np.ndarray
    frame: np.ndarray

    def __len__(self) -> int:
        return len(self.view)

    @property
    def given(self) -> np.ndarray:
        """(M, V, J, 3) the keypoints of the kept cameras, 0 in the others."""
        return self.keypoints * self.kept[..., None, None]

    @property
    def target(self) -> np.ndarray:
        """(M, J, 3) the keypoints of the left-out camera."""
        return self.keypoints[np.arange(len(self)), self.view]


class People:
    """The people of some frames of a recording, as ``predict`` finds them.

    Scene and noise are measured on the whole recording first, as ``predict`` does.

    Args:
        recording: The keypoints.
        most_frames: Number of frames, evenly spread over the recording.
        held_out: Whether to measure scene and noise on the first half of the recording and to
            take these frames from the second one.
    """

    def __init__(self, recording: Recording, most_frames: int, held_out: bool = False):
        self.rig = recording.rig
        inferencer = MultiviewInferencer(rig=self.rig, device='cpu')
        self.model: Any = inferencer.model
        self.adaptation = Adaptation(inferencer)
        names = sorted(recording.frames, key=frame_order)
        measured = names[: len(names) // 2] if held_out else names
        self.adaptation.from_recording({name: recording.frames[name] for name in measured})
        if held_out:
            names = names[len(measured) :]
        step = max(1, len(names) // most_frames)
        frames = [recording.frames[name] for name in names[::step][:most_frames]]
        scene = self.adaptation.scene
        inputs, self.samples = self.adaptation.inputs(
            frames, scene.rig, scene.space, self.adaptation.inferencer.model.joints
        )
        rays = inputs['rays']
        floor_mm = rays.origins.new_full((len(frames),), -scene.space.center_mm[2])
        self.found = self.model.finder.find_multi_view(rays, floor_mm)[0]
        joints = self.model.joints
        self.keypoints = np.zeros((len(self.found), len(self.rig), len(joints), 3))
        for person, (frame, detections) in enumerate(
            zip(self.found.sample.tolist(), self.found.detections.tolist())
        ):
            stacked = stack_keypoints(frames[frame], self.rig.names, joints)
            for view, detection in enumerate(detections):
                if detection >= 0:
                    self.keypoints[person, view] = stacked[view, detection]

    def cases(self, others: int | None, seed: int = 0) -> tuple[Cases, np.ndarray]:
        """Leave every camera out in turn, of all people with enough other cameras.

        Args:
            others: The number of other cameras, drawn at random, from which people are estimated;
                None is all of them, three or more.
            seed: Of the draw.

        Returns:
            M cases, and (M,) the index of the person of each.
        """
        shown = self.found.detections.numpy() >= 0
        rng = np.random.default_rng(seed)
        person, view, kept = [], [], []
        for index, row in enumerate(shown):
            for left_out in np.flatnonzero(row):
                rest = np.delete(np.arange(len(row)), left_out)
                rest = rest[row[rest]]
                if len(rest) < (others or 3):
                    continue
                person.append(index)
                view.append(left_out)
                kept.append(np.zeros(len(row), bool))
                kept[-1][rest if others is None else rng.choice(rest, others, False)] = True
        which = np.array(person, dtype=int)
        frame = self.found.sample.numpy()[which]
        views = np.array(view, dtype=int), np.array(kept, dtype=bool).reshape(len(which), -1)
        return Cases(self.rig, self.keypoints[which], *views, frame), which

    @torch.no_grad()
    def estimate(self, cases: Cases, person: np.ndarray) -> np.ndarray:
        """The pretrained pose prior without the left-out camera, with the noise of the recording.

        Args:
            cases: M cases.
            person: (M,) index of the person of each.

        Returns:
            (M, J, 3) in mm, in the world of the rig.
        """
        poses = np.zeros((len(cases), len(self.model.joints), 3))
        # People are described beside the others of their frame, who lose the same camera; nobody
        # occurs twice.
        for view in np.unique(cases.view):
            rows = np.flatnonzero(cases.view == view)
            people = self.found.take(torch.from_numpy(person[rows]))
            poses[rows] = self._without(people, torch.from_numpy(cases.kept[rows]))
        return self.adaptation.scene.to_world(poses)

    def _without(self, people: Hypotheses, kept: torch.Tensor) -> np.ndarray:
        """(N, J, 3) in mm, in the scene frame, of people by some of their views (N, V)."""
        rays = dataclasses.replace(people.rays, weights=people.rays.weights * kept[..., None])
        estimates = self.model.finder.body(rays, -people.estimates.shift[:, 2])
        detections = torch.where(kept, people.detections, -1)
        people = Hypotheses(rays, people.sample, detections, estimates)
        of_people = self.model._person_inputs(people, kept, self.samples)
        noise = self.adaptation.noise
        if noise is not None:
            parts = noise.of_views(self.rig.names, len(self.rig))
            std, factor, scale = (part.expand(len(people), *part.shape) for part in parts)
            noise = std, factor, scale[:, None]
        poses = self.model.net(rays, estimates, of_people, noise)[0]
        return poses.double().numpy() + np.array(self.adaptation.scene.space.center_mm)


def weighted_dlt(cases: Cases) -> np.ndarray:
    """Plain triangulation with the detector's scores as weights: (M, J, 3) in mm."""
    given = cases.given.swapaxes(0, 1)
    return triangulate(cases.rig, given[..., :2], given[..., 2])[0]


def pose2sim(cases: Cases, python: Path) -> np.ndarray:
    """Pose2Sim's triangulation with its default settings: (M, J, 3) in mm, NaN where it gives none.

    It gets undistorted keypoints, so that its default, which ignores the lens, is exact.

    Args:
        cases: M cases.
        python: The Python of an environment that has Pose2Sim.

    Raises:
        subprocess.CalledProcessError: It cannot run there.
    """
    given = cases.given
    for view, camera in enumerate(cases.rig):
        found = given[:, view, :, 2] > 0
        xy = camera.normalise_points(given[:, view, :, :2], found)
        uv = (np.concatenate([xy, np.ones_like(xy[..., :1])], -1) @ camera.K.T)[..., :2]
        usable = found & np.isfinite(uv).all(-1)
        given[:, view] = np.where(
            usable[..., None], np.concatenate([uv, given[:, view, :, 2:]], -1), 0.0
        )
    matrices = [
        camera.K @ np.concatenate([camera.R_w2c, camera.t_w2c[:, None] / MM_PER_M], 1)
        for camera in cases.rig
    ]
    worker = Path(__file__).parent / 'pose2sim_worker.py'
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / 'people.npz', Path(folder) / 'poses.npy'
        np.savez(source, matrices=np.array(matrices), keypoints=given)
        command: Sequence[str] = [str(python), str(worker), str(source), str(target)]
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        return np.load(target) * MM_PER_M
