"""Pictures in, people in 3D out: one rig, one model, and whatever finds people in 2D.

>>> inferencer = MultiviewInferencer(rig='data/Ours/camera_parameters.json')  # doctest: +SKIP
>>> for people in inferencer('data/Ours', keypoints='data/Ours/keypoints_2d.json'):
...     print(people.frame, people.ids, people.poses_mm.shape)
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import itertools
import time
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence, Tuple, Union

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
from mmpose_ours.detections.cache import LazyImage, detect_recording, image_key
from mmpose_ours.detectors import Detector
from mmpose_ours.detectors import detector as detector_by_name
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
# An instant, and by camera that took part its people in 2D, or its picture.
_Seen = Tuple[Instant, Mapping[str, np.ndarray]]
Inputs = Union[PathLike, Mapping[str, Any], Iterable[Union[Instant, Mapping[str, np.ndarray]]]]


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
        detector: Finds people in pictures, for recordings without keypoints: one of
            :mod:`mmpose_ours.detectors`, or its name. Not used by a model that looks at pictures
            itself.
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
        detector: Detector | str | None = None,
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
        self.detector = detector_by_name(detector) if isinstance(detector, str) else detector
        self.notes: list[str] = []
        self.footage: Footage | None = None
        self.seconds: dict[str, float] = {}
        self.witness = Witness(self.rig.names)
        self._rigs = {self.rig.names: self.rig}

    def __call__(
        self,
        inputs: Inputs | None = None,
        keypoints: PathLike | Detections | None = None,
        *,
        keep_keypoints: PathLike | None = None,
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
            keep_keypoints: File for what the detector finds; pictures that it knows already are
                not looked at again.
            frame_offsets: Camera name to how many of its pictures come before the first instant.
            batch_size: Instants that detector and model are given at once.
            smooth: Whether to smooth joints over time.
            fps: Instants per second, for smoothing; None asks the videos.

        Yields:
            The people of every instant, also of those with nobody.

        Raises:
            FileNotFoundError, FileFormatError: There is nothing to work on, or it does not fit.
            ValueError: A picture is not of the size that was calibrated; or neither keypoints
                nor a detector are there.
        """
        self.notes = []
        footage, instants = self._instants(inputs, frame_offsets)
        self.footage = footage
        if keypoints is not None and self.sees_pictures:
            raise ValueError(
                f'{type(self.model).__name__} of this config looks at pictures itself and takes no '
                'keypoints; leave them out, or take a config without a 2D network'
            )
        if keypoints is not None:
            seen = self._with_keypoints(instants, self._read(keypoints))
        elif inputs is None:
            raise ValueError('there is nothing to work on; give pictures, keypoints, or both')
        elif self.sees_pictures:
            seen = ((instant, self._pictures(instant)) for instant in instants)
        elif self.detector is None:
            raise ValueError(
                f'{type(self.model).__name__} works from people in 2D; give keypoints or a detector'
            )
        else:
            seen = self._detected(instants, keep_keypoints, batch_size)
        smoother = None
        if smooth:
            fps = fps or (footage.fps if footage is not None else None)
            if fps is None:
                raise ValueError('smoothing needs to know how long an instant lasts; give fps')
            smoother = PoseSmoother(fps)
        self.seconds = dict.fromkeys(('pictures', 'people in 2D', 'people in 3D'), 0.0)
        self.witness = Witness(self.rig.names)
        tracker, recording = PeopleTracker(), _name_of(inputs, keypoints)
        for batch in _in_batches(seen, batch_size):
            for people in self._found(batch, self._samples(batch, recording)):
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
        self, inputs: Inputs | None, offsets: Mapping[str, int] | None
    ) -> tuple[Footage | None, Iterable[Instant]]:
        """The pictures if they are files, and what there is to see."""
        if inputs is None:
            return None, ()
        footage = None
        # A mapping is camera name to files, anything else one instant after another.
        if isinstance(inputs, (str, Path, Mapping)):
            inputs = footage = open_footage(inputs, self.rig.names, offsets)
            self.notes += footage.notes
        return footage, (
            instant if isinstance(instant, Instant) else Instant(str(number), instant)
            for number, instant in enumerate(inputs)
        )

    def _read(self, keypoints: PathLike | Detections) -> dict[str, Mapping[str, np.ndarray]]:
        where = 'the keypoints'
        if isinstance(keypoints, (str, Path)):
            where = str(keypoints)
            keypoints = read_detections(keypoints, self.rig.names)
        check_pixels(keypoints, self.rig, where)
        return {frame_key(frame): views for frame, views in keypoints.items()}

    def _with_keypoints(self, instants: Iterable[Instant], known: Mapping) -> Iterator[_Seen]:
        """Instants of pictures and keypoints, those of keypoints alone at the end."""
        # A camera without an entry saw nobody: many tools leave such pictures out.
        nobody = dict.fromkeys(self.rig.names, np.zeros((0, 17, 3), np.float32))
        left, without = dict.fromkeys(known), 0
        for instant in instants:
            key = frame_key(instant.frame)
            left.pop(key, None)
            without += key not in known
            yield instant, {**nobody, **_of(self.rig.names, known.get(key, {}))}
        if without:
            self.notes.append(f'{without} instants have pictures and no entry in the keypoints')
        for frame in sorted(left, key=frame_order):
            yield Instant(frame, {}), {**nobody, **_of(self.rig.names, known[frame])}

    def _detected(
        self, instants: Iterable[Instant], path: PathLike | None, batch_size: int
    ) -> Iterator[_Seen]:
        """Instants, and their people in 2D by camera whose picture can be read."""
        waiting: collections.deque[Instant] = collections.deque()

        def images() -> Iterator[tuple[str, dict[str, LazyImage]]]:
            for instant in instants:
                waiting.append(instant)
                pictures = _of(self.rig.names, instant.pictures)
                yield (
                    instant.frame,
                    {
                        name: LazyImage(
                            image_key(picture) if path is not None else '',
                            functools.partial(self._decode, instant.frame, name, picture),
                        )
                        for name, picture in pictures.items()
                    },
                )

        found = detect_recording(
            images(), self.detector, path, batch=batch_size, say=self.notes.append
        )
        while True:
            start, reading = time.perf_counter(), self.seconds['pictures']
            item = next(found, None)
            passed = time.perf_counter() - start
            self.seconds['people in 2D'] += passed - (self.seconds['pictures'] - reading)
            if item is None:
                return
            yield waiting.popleft(), item[1]

    def _pictures(self, instant: Instant) -> dict[str, np.ndarray]:
        """The pictures of an instant; a camera whose picture is broken goes without."""
        result = {}
        for name, picture in _of(self.rig.names, instant.pictures).items():
            try:
                result[name] = self._decode(instant.frame, name, picture)
            except FileFormatError as error:
                self._note_once(f'camera {name!r} goes without pictures that fail: {error}')
        return result

    def _decode(self, frame: str, name: str, picture: Picture) -> np.ndarray:
        with self._timed('pictures'):
            image = decoded(picture)
        size, expected = (image.shape[1], image.shape[0]), self.rig[name].size
        if expected is not None and size != tuple(expected):
            raise ValueError(
                f'frame {frame}: the picture of camera {name!r} is {size[0]}x{size[1]}, but the '
                f'camera was calibrated at {expected[0]}x{expected[1]}; use pictures of the '
                'calibrated size'
            )
        return image

    def _samples(self, batch: Sequence[_Seen], recording: str) -> list:
        """What the model says of each instant; None where no two cameras took part."""
        samples: list[Any] = [None] * len(batch)
        least = min(2, len(self.rig))
        rows = [row for row, (_, views) in enumerate(batch) if len(views) >= least]
        with self._timed('people in 3D'), torch.no_grad():
            packed = [self.pipeline(self._info(*batch[row], recording)) for row in rows]
            if packed:
                for row, sample in zip(rows, self.model.test_step(pseudo_collate(packed))):
                    samples[row] = sample.cpu()
        return samples

    def _info(self, instant: Instant, views: Mapping[str, np.ndarray], recording: str) -> dict:
        """What the pipeline takes."""
        rig = self._rig_of(tuple(views))
        info = dict(
            rig=rig,
            space=self.space,
            joints=self.model.joints.name,
            recording=recording,
            frame_id=instant.frame,
        )
        if self.sees_pictures:
            return dict(info, pictures=list(views.values()))
        return dict(info, keypoints_2d=stack_views(views, rig.names))

    def _rig_of(self, names: tuple[str, ...]) -> CameraRig:
        """The cameras that took part; what is worked out for a rig is kept with it."""
        if names not in self._rigs:
            self._rigs[names] = self.rig.select(names)
        return self._rigs[names]

    def _found(self, batch: Sequence[_Seen], samples: Sequence) -> Iterator[People]:
        joints = self.model.joints
        for (instant, views), sample in zip(batch, samples):
            poses, scores = np.zeros((0, len(joints), 3)), np.zeros(0)
            counts = spread = best = least = None
            if sample is not None:
                instances = sample.pred_instances
                poses = instances.keypoints_3d.double().numpy()
                scores = instances.scores.double().numpy()
                counts = instances.views.numpy() if 'views' in instances else None
                spread = instances.spread_mm.double().numpy() if 'spread_mm' in instances else None
                best, least = sample.get('best_score'), sample.get('least_score')
            detections = None if self.sees_pictures else views
            self.witness.add(detections, len(poses), best, least, tuple(views))
            yield People(
                frame=instant.frame,
                poses_mm=poses,
                scores=scores,
                ids=np.arange(len(poses)),
                views=counts,
                spread_mm=spread,
                joints=joints.name,
                cameras=tuple(views),
                detections=detections or {},
                pictures=instant.pictures,
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


def _unwrapped(dataset: Mapping) -> Mapping:
    """A dataset's own config, inside of any that only wraps it."""
    while 'rig_file' not in dataset and isinstance(dataset.get('dataset'), Mapping):
        dataset = dataset['dataset']
    return dataset


def _rig_file(dataset: Mapping) -> Path:
    if 'rig_file' not in dataset:
        raise ValueError('no calibration: the config names none; give the rig')
    return Path(dataset.get('data_root', '')) / dataset['rig_file']


def _of(names: Sequence[str], views: Mapping[str, Any]) -> dict[str, Any]:
    """What there is of some cameras, in their order."""
    return {name: views[name] for name in names if name in views}


def _name_of(inputs: Any, keypoints: Any) -> str:
    """A recording's name, by which a model that remembers knows that it is still the same."""
    named = next((x for x in (inputs, keypoints) if isinstance(x, (str, Path))), None)
    return str(named) if named is not None else 'recording'


def _in_batches(instants: Iterable[_Seen], size: int) -> Iterator[list[_Seen]]:
    iterator = iter(instants)
    while batch := list(itertools.islice(iterator, max(1, size))):
        yield batch
