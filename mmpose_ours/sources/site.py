"""A site as a config names it: a calibration file, some of its cameras, a capture volume."""

from __future__ import annotations

import dataclasses
from typing import Any, Mapping, Sequence

from mmpose_ours.calibration import check_space, coverage, fit_space, read_rig
from mmpose_ours.calibration.image_size import ImageSizes
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.geometry.volume import CaptureVolume
from mmpose_ours.sources.options import from_options


@dataclasses.dataclass(frozen=True)
class Site:
    """Cameras and their capture volume.

    Args:
        rig: The cameras.
        space: The capture volume.
        stated: True if it was given, False if it was fitted to what the cameras see.
    """

    rig: CameraRig
    space: CaptureVolume
    stated: bool

    @classmethod
    def read(
        cls,
        rig_file: PathLike,
        rig_format: str = 'auto',
        cameras: Sequence[str] | None = None,
        image_size: ImageSizes | None = None,
        space: dict[str, Any] | None = None,
        any_scale: bool = False,
        rig_options: Mapping[str, Any] | None = None,
    ) -> Site:
        """Read a calibration, and fit the capture volume if none is given.

        Args:
            rig_file: Calibration file.
            rig_format: A format name of :mod:`mmpose_ours.calibration`, or ``'auto'``.
            cameras: Names of the cameras to use, in this order; None takes all.
            image_size: (width, height) of cameras whose file does not say it, or by camera.
            space: ``dict(center_mm=(x, y, z), size_mm=(x, y, z))``, or None to fit it.
            any_scale: Accept a rig that is too small or too large for people.
            rig_options: Further arguments of :func:`mmpose_ours.calibration.read_rig`, for files
                that do not say these: ``unit``, ``up``, ``extrinsics``, ``translation``.

        Raises:
            CalibrationError: The rig cannot be used; names file, camera and fix.
            InputError: The capture volume is invalid, or no two cameras see a part of it.
        """
        rig = read_rig(
            rig_file,
            rig_format,
            cameras=cameras,
            image_size=image_size,
            any_scale=any_scale,
            **(rig_options or {}),
        )
        stated = from_options(CaptureVolume, dict(space), 'space') if space else None
        site = cls(rig, stated or fit_space(rig), stated is not None)
        check_space(rig, site.space)
        return site

    def __str__(self) -> str:
        shared = coverage(self.rig, self.space)[2]
        return (
            f'cameras {", ".join(self.rig.names)}; '
            f'{"given" if self.stated else "fitted"} capture volume {self.space.size_mm} mm around '
            f'{self.space.center_mm} mm, {shared:.0%} of it visible to two cameras or more'
        )
