"""What every dataset of a calibrated rig has in common."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Sequence

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmpose_ours.calibration import check_space, coverage, fit_space, read_rig
from mmpose_ours.cameras import CameraRig, CaptureSpace

PACK = (dict(type='mmpose_ours.PackMultiviewInputs'),)


def from_options(cls: type, options: dict[str, Any], what: str, **fixed: Any) -> Any:
    """Build a dataclass from a config's dictionary.

    Raises:
        ValueError: An entry is not one of the dataclass, or its value is unfit.
    """
    known = [field.name for field in dataclasses.fields(cls) if field.name not in fixed]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise ValueError(f'{what} has no {", ".join(unknown)}; it takes {", ".join(known)}')
    try:
        return cls(**fixed, **options)
    except TypeError as error:
        raise ValueError(f'{what}: {error}; it takes {", ".join(known)}') from error


class MultiviewDataset(BaseDataset):
    """Instants of a rig of named cameras.

    Subclasses implement ``load_data_list`` and yield dictionaries with ``frame_id``,
    ``keypoints_2d`` (V, P, J, 3) and, where known, ``keypoints_3d`` (G, J, 3) in mm with
    ``visible`` (G, J), ``actors`` and ``img_paths``. The rig and the space are added here.

    Args:
        rig_file: Calibration file, relative to ``data_root`` unless absolute.
        rig_format: A format name of :mod:`mmpose_ours.calibration`, or ``'auto'``.
        cameras: Names of the cameras to use, in this order; None takes all.
        image_size: (width, height) of cameras whose file does not say it.
        space: ``dict(center_mm=(x, y, z), size_mm=(x, y, z))``, or None to fit the space to
            what the cameras see.
        any_scale: Accept a rig that is too small or too large for people.
        data_root: Folder of the dataset.
        pipeline: Transforms; by default only :class:`PackMultiviewInputs`.
        **kwargs: As MMEngine's ``BaseDataset``.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and mend.
    """

    METAINFO: dict = dict(dataset_name='multiview', joints='coco17')

    def __init__(
        self,
        rig_file: str,
        rig_format: str = 'auto',
        cameras: Sequence[str] | None = None,
        image_size: tuple[int, int] | None = None,
        space: dict[str, Any] | None = None,
        any_scale: bool = False,
        data_root: str = '',
        pipeline: Sequence[Any] = PACK,
        **kwargs: Any,
    ):
        self.rig_file = Path(data_root) / rig_file
        self.rig: CameraRig = read_rig(
            self.rig_file, rig_format, cameras=cameras, image_size=image_size, any_scale=any_scale
        )
        stated = from_options(CaptureSpace, space, 'space') if space else None
        self.space = stated or fit_space(self.rig)
        check_space(self.rig, self.space)
        shared = coverage(self.rig, self.space)[2]
        print_log(
            f'{type(self).__name__}: cameras {", ".join(self.rig.names)}; '
            f'{"stated" if stated else "fitted"} space {self.space.size_mm} mm around '
            f'{self.space.center_mm} mm, {shared:.0%} of it seen by two cameras or more',
            logger='current',
        )
        self.rig.fingerprint  # noqa: B018  worked out once, before samples carry the rig away
        super().__init__(data_root=data_root, pipeline=list(pipeline), **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """One instant with the rig, the space and the joint set's name added."""
        return self._with_rig(super().get_data_info(idx))

    def _with_rig(self, info: dict) -> dict:
        return {
            **info,
            'rig': self.rig,
            'space': self.space,
            'joints': self.metainfo['joints'],
        }
