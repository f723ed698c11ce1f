"""CMU Panoptic (Joo et al., ICCV 2015): sequences, each with a rig of its own.

What lies in a sequence's folder, as the Panoptic Toolbox leaves it::

    <data_root>/<sequence>/calibration_<sequence>.json
    <data_root>/<sequence>/hdPose3d_stage1_coco19/body3DScene_00000000.json
    <data_root>/<sequence>/hdImgs/00_03/00_03_00000000.jpg             (image mode, images)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import numpy as np
from mmengine.logging import print_log

from mmpose_ours.calibration import check_space, fit_space, read_rig
from mmpose_ours.datasets.multiview import MultiviewDataset
from mmpose_ours.detections import check_pixels, read_keypoints, stack_keypoints
from mmpose_ours.detections.arrays import array_frames
from mmpose_ours.errors import InputError
from mmpose_ours.evaluation.panoptic_truth import (
    ANNOTATED_JOINTS,
    panoptic_frame_files,
    people_with_root,
    read_panoptic_bodies,
)
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.io.terminal import shell_path, shell_word
from mmpose_ours.scope import DATASETS
from mmpose_ours.sources import from_options
from mmpose_ours.structures.joint_maps import convert_joints
from mmpose_ours.structures.keypoints import Keypoints2D
from mmpose_ours.structures.skeletons import COCO17, SKELETONS
from mmpose_ours.synthetic import DetectorNoise, Scene
from mmpose_ours.text import counted, printable

PROJECTED = 'projected'
JOINTS = ('panoptic15', 'panoptic19', 'coco17')
# The five HD cameras of VoxelPose, in its order.
CAMERAS = ('00_12', '00_06', '00_23', '00_13', '00_03')


@DATASETS.register_module()
class PanopticDataset(MultiviewDataset):
    """Annotated people of CMU Panoptic, seen by chosen HD cameras.

    By VoxelPose's protocol a joint of confidence 0.1 or less is not visible, and a person
    whose hips are not is left out. Each item carries the rig of its own sequence.

    Args:
        data_root: The folder that holds the sequences' folders.
        sequences: Names of the sequences.
        cameras: Names of the cameras, in this order.
        interval: Take every so many-th annotation file of a sequence (published: 3 for
            training, 12 for validation).
        joints: ``panoptic15`` (as published), ``panoptic19`` or ``coco17``: of the truth, the
            keypoints and the model.
        keypoints: ``'projected'``: the annotated people, as a detector might see them; the
            name of a keypoint file in each sequence's folder (see
            :func:`~mmpose_ours.detections.read_keypoints`); or None: images only.
        faults: The detector noise model for projected people: arguments of
            :class:`~mmpose_ours.synthetic.DetectorNoise`; None is a perfect detector.
        seed: In test mode, projected people depend on it and the index only. In training
            they are drawn anew each time.
        empty_frames: Keep frames in which nobody is annotated. The published protocol drops
            them, which hides the people that a model finds there.
        space: See :class:`MultiviewDataset`; None fits one to each sequence's rig.
        **kwargs: See :class:`MultiviewDataset`.

    Raises:
        FileNotFoundError: A sequence, its calibration or its annotation is missing.
        InputError: An option is unfit, or no frame is left.
    """

    METAINFO = dict(dataset_name='panoptic', joints='panoptic15')

    def __init__(
        self,
        data_root: str = 'data/panoptic',
        sequences: Sequence[str] = ('160906_pizza1',),
        cameras: Sequence[str] | None = CAMERAS,
        interval: int = 1,
        joints: str = 'panoptic15',
        keypoints: str | None = PROJECTED,
        faults: dict[str, Any] | None = {},  # noqa: B006  read only
        seed: int = 0,
        empty_frames: bool = True,
        space: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        if joints not in JOINTS:
            raise InputError(
                f'joints is {joints!r}; Panoptic has {", ".join(JOINTS)}',
                code='unknown-name',
                found=joints,
                expected=list(JOINTS),
            )
        if interval < 1 or not sequences:
            raise InputError(
                f'interval is {interval} and sequences {list(sequences)}; expected 1 or more and '
                'the name of one sequence or more',
                code='out-of-range' if interval < 1 else 'no-data',
                found=interval if interval < 1 else list(sequences),
            )
        self.sequences, self.interval, self.keypoints = list(sequences), interval, keypoints
        self.seed, self.empty_frames, self._cameras = seed, empty_frames, cameras
        self.noise = (
            DetectorNoise.none()
            if faults is None
            else from_options(DetectorNoise, faults, 'faults')
        )
        self._stated = from_options(CaptureVolume, space, 'space') if space else None
        self.sites: dict[str, tuple[CameraRig, CaptureVolume]] = {}
        lazy = kwargs.pop('lazy_init', False)
        super().__init__(
            str(self._calibration(Path(data_root), self.sequences[0])),
            cameras=cameras,
            space=space,
            data_root=data_root,
            lazy_init=True,
            **kwargs,
        )
        # Not as an argument of the base class: it takes text for the name of a file, and warns.
        self._metainfo['joints'] = joints
        if not lazy:
            self.full_init()

    def load_data_list(self) -> list[dict]:
        """One entry per chosen frame of each sequence."""
        items = [
            item for sequence in self.sequences for item in self._load(sequence) if self._kept(item)
        ]
        if not items:
            raise InputError(
                f'{self.data_root}: nobody is annotated in the frames chosen of '
                f'{", ".join(self.sequences)}; choose others, or a smaller interval',
                code='no-data',
                file=self.data_root,
                found=self.sequences,
            )
        return items

    def get_data_info(self, idx: int) -> dict:
        """One frame with its sequence's rig, its people projected if so wanted."""
        info = super().get_data_info(idx)
        info['rig'], info['space'] = self.sites[info['sequence']]
        if self.keypoints == PROJECTED:
            drawn = (self.seed, idx) if self.test_mode else np.random.randint(2**31, size=4)
            scene = Scene(np.nan_to_num(info['coco17']), np.isfinite(info['coco17']).all(-1))
            seen = self.noise.detect(scene, info['rig'], np.random.default_rng(drawn))
            views = {str(view): Keypoints2D(COCO17, found) for view, found in enumerate(seen)}
            wanted = SKELETONS[info['joints']]
            info['keypoints_2d'] = stack_keypoints(views, list(views), wanted)
        del info['coco17']
        return info

    def _load(self, sequence: str) -> list[dict]:
        """All chosen frames of a sequence."""
        root = Path(self.data_root) / sequence
        rig = self._site(sequence)
        folder = root / 'hdPose3d_stage1_coco19'
        if not folder.is_dir():
            raise FileNotFoundError(
                f'{folder}: no such folder; `mmpose-ours prepare panoptic '
                f'{shell_path(self.data_root)} --sequences {shell_word(sequence)}` unpacks '
                'it or says how to get it'
            )
        files = list(panoptic_frame_files(folder).items())[:: self.interval]
        folders = [root / 'hdImgs' / camera for camera in rig.names]
        there = [image.is_dir() for image in folders]
        detections = self._detections(sequence, rig)
        bodies = [read_panoptic_bodies(path) for _, path in files]
        everybody, coco17 = (
            _converted(bodies, joints) for joints in (self.metainfo['joints'], 'coco17')
        )
        items = []
        for (frame, path), poses, coco in zip(files, everybody, coco17):
            stem = path.stem.replace('body3DScene', '')
            images = [image / f'{image.name}{stem}.jpg' for image in folders]
            truth = people_with_root(poses, self.metainfo['joints'])
            visible = np.isfinite(truth).all(-1)
            item = dict(
                recording=sequence,
                frame_id=frame if len(self.sequences) == 1 else f'{sequence}/{frame:08d}',
                sequence=sequence,
                keypoints_3d=np.where(visible[..., None], truth, 0.0).astype(np.float32),
                visible=visible,
                coco17=coco,
                img_paths=[
                    str(p) if known and p.is_file() else None for p, known in zip(images, there)
                ],
            )
            if self.keypoints is None and None in item['img_paths']:
                missing = images[item['img_paths'].index(None)]
                raise FileNotFoundError(
                    f'{missing}: no such image, which images-only mode needs; `mmpose-ours prepare '
                    f'panoptic {shell_path(self.data_root)} --sequences {shell_word(sequence)}` '
                    "says how to get it, or set keypoints='projected'"
                )
            if detections is not None:
                found, wanted = detections.get(str(frame), {}), SKELETONS[self.metainfo['joints']]
                item['keypoints_2d'] = stack_keypoints(found, rig.names, wanted)
            items.append(item)
        print_log(
            f'PanopticDataset: {printable(sequence)}, {counted(len(items), "frame")}, '
            f'{sum(map(len, bodies))} bodies',
            logger='current',
        )
        return items

    def _kept(self, item: dict) -> bool:
        return self.empty_frames or len(item['keypoints_3d']) > 0

    def _site(self, sequence: str) -> CameraRig:
        """Read, check and keep a sequence's rig and capture volume."""
        path = self._calibration(Path(self.data_root), sequence)
        rig = read_rig(Path(self.data_root) / path, cameras=self._cameras)
        space = self._stated or fit_space(rig)
        check_space(rig, space)
        rig.fingerprint  # noqa: B018  computed once and cached, before samples are pickled
        self.sites[sequence] = rig, space
        return rig

    def _detections(self, sequence: str, rig: CameraRig) -> dict[str, Any] | None:
        """2D keypoints by frame number without leading zeros, or None."""
        if self.keypoints in (None, PROJECTED):
            return None
        path = Path(self.data_root) / sequence / str(self.keypoints)
        detections = read_keypoints(path, rig.names)
        check_pixels(array_frames(detections), rig, path)
        return {str(frame).lstrip('0') or '0': views for frame, views in detections.items()}

    @staticmethod
    def _calibration(data_root: Path, sequence: str) -> Path:
        """A sequence's calibration, relative to ``data_root``."""
        path = Path(sequence) / f'calibration_{sequence}.json'
        if not (data_root / path).is_file():
            raise FileNotFoundError(
                f'{data_root / path}: no such file; `mmpose-ours prepare panoptic '
                f'{shell_path(data_root)} --sequences {shell_word(sequence)}` says how to get it'
            )
        return path


def _converted(bodies: Sequence[np.ndarray], joints: str) -> list[np.ndarray]:
    """Per frame (P, 19, 3) annotated bodies in another skeleton, all at once: it is quicker."""
    ends = np.cumsum([len(people) for people in bodies])
    return np.split(convert_joints(np.concatenate(bodies), ANNOTATED_JOINTS, joints), ends[:-1])
