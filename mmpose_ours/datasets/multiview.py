"""Base class of the datasets of a calibrated rig."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.sources import Site
from mmpose_ours.text import printable

PACK = (dict(type='mmpose_ours.PackMultiviewInputs'),)


class MultiviewDataset(BaseDataset):
    """Frames of a rig of named cameras.

    Subclasses implement ``load_data_list`` and yield dictionaries with ``frame_id``,
    ``keypoints_2d`` (V, P, J, 3) and, where known, ``keypoints_3d`` (G, J, 3) in mm with
    ``visible`` (G, J), ``actors`` and ``img_paths``. The rig and the capture volume are added here.

    Args:
        rig_file: Calibration file, relative to ``data_root`` unless absolute.
        rig_format: A format name of :mod:`mmpose_ours.calibration`, or ``'auto'``.
        cameras: Names of the cameras to use, in this order; None takes all.
        image_size: (width, height) of cameras whose file does not say it, or by camera.
        space: ``dict(center_mm=(x, y, z), size_mm=(x, y, z))``, the capture volume, or None
            to fit it to what the cameras see.
        any_scale: Accept a rig that is too small or too large for people.
        rig_options: Further arguments of :func:`mmpose_ours.calibration.read_rig`, for files that
            do not say these: ``unit``, ``up``, ``extrinsics``, ``translation``.
        data_root: Folder of the dataset.
        pipeline: Transforms; by default only :class:`PackMultiviewInputs`.
        **kwargs: As MMEngine's ``BaseDataset``.

    Raises:
        CalibrationError: The rig cannot be used; names file, camera and fix.
    """

    METAINFO: dict = dict(dataset_name='multiview', joints='coco17')

    def __init__(
        self,
        rig_file: str,
        rig_format: str = 'auto',
        cameras: Sequence[str] | None = None,
        image_size: ImageSizes | None = None,
        space: dict[str, Any] | None = None,
        any_scale: bool = False,
        data_root: str = '',
        pipeline: Sequence[Any] = PACK,
        rig_options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        self.rig_file = Path(data_root) / rig_file
        site = Site.read(
            self.rig_file, rig_format, cameras, image_size, space, any_scale, rig_options
        )
        self.rig, self.space = site.rig, site.space
        print_log(printable(f'{type(self).__name__}: {site}'), logger='current')
        self.rig.fingerprint  # noqa: B018  computed once and cached, before samples are pickled
        super().__init__(data_root=data_root, pipeline=list(pipeline), **kwargs)

    def get_data_info(self, idx: int) -> dict:
        """One frame with the rig, the capture volume and the skeleton's name added."""
        return self._with_rig(super().get_data_info(idx))

    def _with_rig(self, info: dict) -> dict:
        return {
            **info,
            'rig': self.rig,
            'space': self.space,
            'joints': self.metainfo['joints'],
        }
