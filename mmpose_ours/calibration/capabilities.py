"""What a format can hold of a camera, and the refusal of what it cannot."""

from __future__ import annotations

import dataclasses

from mmpose_ours.calibration.errors import CalibrationError, about
from mmpose_ours.errors import PathLike
from mmpose_ours.geometry.camera import Camera
from mmpose_ours.geometry.rig import CameraRig
from mmpose_ours.text import argument

OPENCV_NAMES = ('k1', 'k2', 'p1', 'p2', 'k3', 'k4', 'k5', 'k6', 's1', 's2', 's3', 's4', 'tx', 'ty')


@dataclasses.dataclass(frozen=True)
class Holds:
    """What a file of a format has room for.

    Args:
        title: The format's name in messages, e.g. ``'Panoptic JSON'``.
        coefficients: How many of OpenCV's distortion coefficients.
        lenses: Lens models that it can name, see :data:`mmpose_ours.geometry.lenses.LENSES`.
        skew: Whether K may have a skew.
        needs_size: Whether every camera must have an image size.
    """

    title: str
    coefficients: int = 5
    lenses: tuple[str, ...] = ('opencv',)
    skew: bool = False
    needs_size: bool = False

    def lacks(self, camera: Camera) -> str:
        """What of a camera's lens or K does not fit, or an empty text."""
        if camera.lens not in self.lenses:
            return f'a {camera.lens} lens'
        beyond = camera.dist_full[self.coefficients :]
        if camera.lens == 'opencv' and beyond.any():
            names = OPENCV_NAMES[self.coefficients :]
            given = ', '.join(f'{n} = {k:g}' for n, k in zip(names, beyond) if k)
            kind = 'rational ' if camera.dist_full[5:8].any() else ''
            return f'{kind}distortion ({given})'
        if camera.K[0, 1] and not self.skew:
            return f'skew {camera.K[0, 1]:g}'
        return ''

    def check(self, rig: CameraRig, path: PathLike) -> None:
        """Refuse a rig that does not fit.

        Args:
            rig: The cameras to write.
            path: The file to be written, for the message.

        Raises:
            CalibrationError: A camera's lens, skew or missing size does not fit; names the
                camera and the way out.
        """
        for camera in rig:
            if self.needs_size:
                with about(path):
                    camera.need_size(f'which {self.title} needs')
            lacks = self.lacks(camera)
            if lacks:
                room = '' if lacks.startswith('skew') else f' ({self._room()})'
                raise CalibrationError(
                    f'{path}: camera {camera.name!r} has {lacks}, which {self.title} cannot '
                    f'hold{room}; refit the nearest lens that it holds with '
                    f'{argument("approximate", True)}, render pinhole images with `mmpose-ours '
                    'undistort`, or write another format',
                    code='cannot-express',
                    file=path,
                    camera=camera.name,
                    found=lacks,
                    expected=None if camera.lens in self.lenses else self.lenses,
                )

    def _room(self) -> str:
        room = f'it holds {" ".join(OPENCV_NAMES[: self.coefficients]) or "no distortion"}'
        others = [lens for lens in self.lenses if lens != 'opencv']
        return room + ''.join(f' or a {lens} lens' for lens in others)
