"""Pictures in, people in 3D out: one rig, one model, and whatever finds people in 2D.

>>> inferencer = MultiviewInferencer(rig='data/Ours/camera_parameters.json')  # doctest: +SKIP
>>> for people in inferencer('data/Ours', keypoints='data/Ours/keypoints_2d.json'):
...     print(people.frame, people.ids, people.poses_mm.shape)
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmpose_ours import compat, paths
from mmpose_ours.calibration import check_space, fit_space, read_rig
from mmpose_ours.cameras import CameraRig, CaptureSpace
from mmpose_ours.datasets.multiview import PACK, from_options
from mmpose_ours.detections import Detections, check_pixels, read_detections, stack_views
from mmpose_ours.diagnosis import Diagnosis, Witness, diagnose_recording
from mmpose_ours.files import FileFormatError, PathLike
from mmpose_ours.instants import (
    Footage,
    Instant,
    Picture,
    decoded,
    frame_key,
    frame_order,
    open_footage,
)
from mmpose_ours.registry import MODELS
from mmpose_ours.results.smoothing import PoseSmoother
from mmpose_ours.results.tracks import PeopleTracker

# The model in the box: it needs no training.
DEFAULT_CONFIG = 'ours/keypoint_prior_ours.py'
Inputs = Union[PathLike, Mapping[str, Any], Iterable[Union[Instant, Mapping[str, np.ndarray]]]]
# A list of (H, W, 3) BGR pictures to (P, 17, 3) u, v, score of each.
Detector = Callable[[Sequence[np.ndarray]], Sequence[np.ndarray]]


@dataclasses.dataclass(frozen=True, eq=False)
class People:
    """Everybody at one instant.

    Args:
        frame: The instant's name.
        poses_mm: (P, J, 3), z up; NaN where a joint is not known.
        scores: (P,) 0 to 1.
        ids: (P,) the same number for the same person over time.
        views: (P,) how many cameras show the person; None where the model does not say.
        spread_mm: (P, J) how well joints are known, one standard deviation; likewise.
        joints: Name of the joint set.
        cameras: Names of the cameras that took part.
        detections: Camera name to (D, 17, 3) ``u, v, score`` in pixels.
        pictures: Camera name to its picture.
    """

    frame: str
    poses_mm: np.ndarray
    scores: np.ndarray
    ids: np.ndarray
    views: np.ndarray | None
    spread_mm: np.ndarray | None
    joints: str
    cameras: tuple[str, ...]
    detections: Mapping[str, np.ndarray]
    pictures: Mapping[str, Picture]


class MultiviewInferencer:
    """Runs a model on recordings of one rig.

    Args:
        config: Of the model, a file or MMEngine's ``Config``; None is the learned prior whose
            weights come with the package.
        checkpoint: Its weights, a file or ``mmpose-ours://NAME``; None takes the config's
            ``load_from``.
        rig: Calibration file of any format that is read, or the cameras; None takes the
            config's.
        rig_format: See :func:`mmpose_ours.calibration.read_rig`.
        cameras: Names of the cameras to use; None is all.
        space: Where to look for people; None takes the config's, or fits it to the rig.
        any_scale: Accept a rig that is not one around people.
        detector: Finds people in pictures, for recordings without keypoints: see
            :mod:`mmpose_ours.detectors`. Not used by a model that looks at pictures itself.
        device: ``'cpu'``, ``'cuda:0'``, ...; None is a GPU where there is one.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and mend.
        ValueError: The model has weights and none are given, or they do not fit.
    """

    def __init__(
        self,
        config: PathLike | Config | None = None,
        checkpoint: PathLike | None = None,
        rig: PathLike | CameraRig | None = None,
        *,
        rig_format: str = 'auto',
        cameras: Sequence[str] | None = None,
        space: CaptureSpace | None = None,
        any_scale: bool = False,
        detector: Detector | None = None,
        device: str | None = None,
    ):
        if config is None:
            config = paths.share('configs') / DEFAULT_CONFIG
        self.config = config if isinstance(config, Config) else Config.fromfile(str(config))
        init_default_scope('mmpose_ours')
        self.device = device or ('cuda:0' if torch.cuda.is_available() else 'cpu')
        self.model = self._load(checkpoint)
        dataset = _unwrapped(self.config.get('test_dataloader', {}).get('dataset', {}))
        self.pipeline = Compose(list(dataset.get('pipeline', PACK)))
        # Only VoxelPose of images has these.
        self.sees_pictures = any(
            type(step).__name__ == 'LoadMultiviewImages' for step in self.pipeline.transforms
        )
        self.rig_file = None
        if isinstance(rig, CameraRig):
            self.rig = rig.select(cameras) if cameras else rig
        else:
            self.rig_file = Path(rig) if rig is not None else _rig_file(dataset)
            self.rig = read_rig(self.rig_file, rig_format, cameras=cameras, any_scale=any_scale)
        stated = dataset.get('space') if rig is None else None
        self.space = (
            space
            or (from_options(CaptureSpace, stated, 'space') if stated else None)
            or fit_space(self.rig)
        )
        check_space(self.rig, self.space)
        self.detector = detector
        self.notes: list[str] = []
        self.seconds: dict[str, float] = {}
        self.witness = Witness(self.rig.names)
        self._rigs = {self.rig.names: self.rig}

    def __call__(
        self,
        inputs: Inputs | None = None,
        keypoints: PathLike | Detections | None = None,
        *,
        frame_offsets: Mapping[str, int] | None = None,
        batch_size: int = 1,
        smooth: bool = False,
        fps: float | None = None,
    ) -> Iterator[People]:
        """Find people, instant by instant; memory does not grow with the recording.

        Args:
            inputs: A folder with pictures of every camera, or camera name to a video, a folder
                or a list of images (see :func:`mmpose_ours.instants.open_footage`); or instants
                one after another, camera name to a picture each. None works from keypoints alone.
            keypoints: People in 2D, a file that is read by
                :func:`~mmpose_ours.detections.read_detections` or what that returns. None asks
                the detector.
            frame_offsets: Camera name to how many of its pictures come before the first instant.
            batch_size: Instants that the model is given at once.
            smooth: Whether to smooth joints over time.
            fps: Instants per second, for smoothing; None asks the videos.

        Yields:
            The people of every instant, also of those with nobody.

        Raises:
            FileNotFoundError, FileFormatError: There is nothing to work on, or it does not fit.
            ValueError: A picture is not of the size that was calibrated; or neither keypoints
                nor a detector are there.
        """
        footage, instants = self._instants(inputs, keypoints, frame_offsets)
        smoother = None
        if smooth:
            fps = fps or (footage.fps if footage is not None else None)
            if fps is None:
                raise ValueError('smoothing needs to know how long an instant lasts; give fps')
            smoother = PoseSmoother(fps)
        self.seconds = dict.fromkeys(('pictures', 'people in 2D', 'people in 3D'), 0.0)
        self.witness = Witness(self.rig.names)
        tracker, recording = PeopleTracker(), _name_of(inputs, keypoints)
        for batch in _in_batches(instants, batch_size):
            everybody = self._detected(batch)
            samples = self._samples(batch, everybody, recording)
            for people in self._found(batch, everybody, samples):
                ids = tracker(people.poses_mm)
                people = dataclasses.replace(people, ids=ids)
                if smoother is not None:
                    poses = smoother(people.poses_mm, ids)
                    people = dataclasses.replace(people, poses_mm=poses)
                yield people

    def diagnose(self) -> Diagnosis:
        """Say why the last recording gave nobody, or nonsense."""
        return diagnose_recording(
            self.rig, self.space, self.witness, str(self.rig_file or 'camera_parameters.json')
        )

    def timing(self) -> str:
        """How long an instant of the last recording took, stage by stage."""
        count = max(1, self.witness.instants)
        parts = [f'{what} {1e3 * s / count:.1f} ms' for what, s in self.seconds.items() if s]
        return f'{self.witness.instants} instants; per instant: {", ".join(parts) or "nothing"}'

    def _load(self, checkpoint: PathLike | None) -> torch.nn.Module:
        model = MODELS.build(self.config.model)
        weights = checkpoint or self.config.get('load_from')
        if weights is not None:
            compat.apply()  # lets torch read a run's checkpoint as data
            load_checkpoint(model, str(weights), map_location='cpu')
        elif any(True for _ in model.parameters()):
            raise ValueError(
                f'{type(model).__name__} has weights, and none are given; name the checkpoint of a '
                'training run'
            )
        return model.to(self.device).eval()

    def _instants(
        self,
        inputs: Inputs | None,
        keypoints: PathLike | Detections | None,
        offsets: Mapping[str, int] | None,
    ) -> tuple[Footage | None, Iterable[_Seen]]:
        """What there is to see: the pictures if they are files, and instants with keypoints."""
        self.notes = []
        known = None if keypoints is None else self._read(keypoints)
        if inputs is None and known is None:
            raise ValueError('there is nothing to work on; give pictures, keypoints, or both')
        if known is None and self.detector is None and not self.sees_pictures:
            raise ValueError(
                f'{type(self.model).__name__} works from people in 2D; give keypoints or a detector'
            )
        if inputs is None:
            frames = sorted(known, key=frame_order)
            return None, (_Seen(Instant(frame, {}), known[frame]) for frame in frames)
        footage = None
        if isinstance(inputs, (str, Path)) or _names_files(inputs):
            footage = open_footage(inputs, self.rig.names, offsets)
            self.notes += footage.notes
            inputs = footage
        instants = (
            instant if isinstance(instant, Instant) else Instant(str(number), instant)
            for number, instant in enumerate(inputs)
        )
        if known is None:
            return footage, (_Seen(instant, None) for instant in instants)
        return footage, self._with_keypoints(instants, known)

    def _read(self, keypoints: PathLike | Detections) -> dict[str, Mapping[str, np.ndarray]]:
        where = 'the keypoints'
        if isinstance(keypoints, (str, Path)):
            where = str(keypoints)
            keypoints = read_detections(keypoints, self.rig.names)
        check_pixels(keypoints, self.rig, where)
        return {frame_key(frame): views for frame, views in keypoints.items()}

    def _with_keypoints(self, instants: Iterable[Instant], known: Mapping) -> Iterator[_Seen]:
        """Instants of pictures and keypoints, those of keypoints alone at the end."""
        left = dict.fromkeys(known)
        without = 0
        for instant in instants:
            key = frame_key(instant.frame)
            left.pop(key, None)
            without += key not in known
            yield _Seen(instant, known.get(key, {}))
        if without:
            self.notes.append(f'{without} instants have pictures and no entry in the keypoints')
        for frame in sorted(left, key=frame_order):
            yield _Seen(Instant(frame, {}), known[frame])

    def _detected(self, batch: Sequence[_Seen]) -> list[dict[str, np.ndarray]]:
        """People in 2D of each instant, by camera that took part."""
        if self.sees_pictures:
            return [self._decode(seen) for seen in batch]
        if any(seen.keypoints is None for seen in batch):
            return self._ask_detector(batch)
        # A camera without an entry saw nobody: many tools leave such pictures out.
        nobody = np.zeros((0, 17, 3), np.float32)
        return [
            {name: seen.keypoints.get(name, nobody) for name in self.rig.names} for seen in batch
        ]

    def _ask_detector(self, batch: Sequence[_Seen]) -> list[dict[str, np.ndarray]]:
        pictures = [self._decode(seen) for seen in batch]
        flat = [picture for views in pictures for picture in views.values()]
        with self._timed('people in 2D'):
            found = iter(self.detector(flat) if flat else [])
        return [{name: next(found) for name in views} for views in pictures]

    def _decode(self, seen: _Seen) -> dict[str, np.ndarray]:
        """The pictures of an instant; a camera whose picture is broken goes without."""
        result = {}
        for camera in self.rig:
            picture = seen.instant.pictures.get(camera.name)
            if picture is None:
                continue
            try:
                with self._timed('pictures'):
                    image = decoded(picture)
            except FileFormatError as error:
                self._note_once(f'camera {camera.name!r} goes without pictures that fail: {error}')
                continue
            size = image.shape[1], image.shape[0]
            if camera.size is not None and size != tuple(camera.size):
                raise ValueError(
                    f'frame {seen.instant.frame}: the picture of camera {camera.name!r} is '
                    f'{size[0]}x{size[1]}, but the camera was calibrated at {camera.size[0]}x'
                    f'{camera.size[1]}; use pictures of the calibrated size, or convert the '
                    'calibration with `convert-calibration ... --image-size`'
                )
            result[camera.name] = image
        return result

    def _samples(self, batch, everybody, recording: str) -> list:
        """What the model says of each instant; None where no two cameras took part."""
        samples: list[Any] = [None] * len(batch)
        rows = [i for i, views in enumerate(everybody) if len(views) >= min(2, len(self.rig))]
        with self._timed('people in 3D'), torch.no_grad():
            packed = []
            for row in rows:
                rig = self._rig_of(tuple(everybody[row]))
                info = dict(
                    rig=rig,
                    space=self.space,
                    joints=self.model.joints.name,
                    recording=recording,
                    frame_id=batch[row].instant.frame,
                )
                if self.sees_pictures:
                    info['pictures'] = [everybody[row][name] for name in rig.names]
                else:
                    info['keypoints_2d'] = stack_views(everybody[row], rig.names)
                packed.append(self.pipeline(info))
            if packed:
                for row, sample in zip(rows, self.model.test_step(pseudo_collate(packed))):
                    samples[row] = sample.cpu()
        return samples

    def _rig_of(self, names: tuple[str, ...]) -> CameraRig:
        """The cameras that took part; what is worked out for a rig is kept with it."""
        if names not in self._rigs:
            self._rigs[names] = self.rig.select(names)
        return self._rigs[names]

    def _found(self, batch, everybody, samples) -> Iterator[People]:
        joints = self.model.joints
        for seen, views, sample in zip(batch, everybody, samples):
            poses, scores = np.zeros((0, len(joints), 3)), np.zeros(0)
            counts = spread = best = least = None
            if sample is not None:
                instances = sample.pred_instances
                poses = instances.keypoints_3d.double().numpy()
                scores = instances.scores.double().numpy()
                counts = instances.views.numpy() if 'views' in instances else None
                spread = instances.spread_mm.double().numpy() if 'spread_mm' in instances else None
                best, least = sample.get('best_score'), sample.get('least_score')
            detections = {} if self.sees_pictures else views
            self.witness.add(detections, len(poses), best, least, tuple(views))
            yield People(
                seen.instant.frame,
                poses,
                scores,
                np.zeros(len(poses), int),
                counts,
                spread,
                joints.name,
                tuple(views),
                detections,
                seen.instant.pictures,
            )

    @contextlib.contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - start

    def _note_once(self, note: str) -> None:
        """Note a camera's first failure only."""
        if not any(known.split(':')[0] == note.split(':')[0] for known in self.notes):
            self.notes.append(note)


@dataclasses.dataclass(frozen=True, eq=False)
class _Seen:
    """An instant, and its people in 2D by camera if these are known."""

    instant: Instant
    keypoints: Mapping[str, np.ndarray] | None


def _unwrapped(dataset: Mapping) -> Mapping:
    """A dataset's own config, inside of any that only wraps it."""
    while 'rig_file' not in dataset and isinstance(dataset.get('dataset'), Mapping):
        dataset = dataset['dataset']
    return dataset


def _rig_file(dataset: Mapping) -> Path:
    if 'rig_file' not in dataset:
        raise ValueError('no calibration: the config names none; give the rig')
    return Path(dataset.get('data_root', '')) / dataset['rig_file']


def _names_files(inputs: Any) -> bool:
    """Whether it is camera name to files, rather than one instant after another."""
    return isinstance(inputs, Mapping)


def _name_of(inputs: Any, keypoints: Any) -> str:
    """A recording's name, by which a model that remembers knows that it is still the same."""
    named = next((x for x in (inputs, keypoints) if isinstance(x, (str, Path))), None)
    return str(named) if named is not None else 'recording'


def _in_batches(instants: Iterable[_Seen], size: int) -> Iterator[list[_Seen]]:
    iterator = iter(instants)
    while batch := list(itertools.islice(iterator, max(1, size))):
        yield batch
