"""Calibrations, by the name of their format."""

import functools
from pathlib import Path

from format_samples import LAYOUTS, MAKERS, WORLDS, WRITTEN, format_of, image_size, sample

from mmpose_ours.calibration.api import read_calibration


def _write(format, folder):
    """The only file, or the folder of several."""
    paths = sample(format, Path(folder) / format)
    return paths[0] if len(paths) == 1 else paths[0].parent


def _read(format, path):
    """Read as given and by content; compute what a command would of each camera."""
    unit, up = WORLDS[format_of(format)]
    for named in (format_of(format), 'auto'):
        read = read_calibration(path, named, unit=unit, up=up, image_size=image_size(format))
        str(read.convention), str(read.notes), read.rig.fingerprint
        for camera in read.rig:
            camera.project([[0.0, 0.0, 1000.0], *camera.center_w[None]])
            camera.normalise_points(camera.K[:2, 2])


SAMPLES = {
    format: (functools.partial(_write, format), functools.partial(_read, format))
    for format in (*WRITTEN, *MAKERS, *LAYOUTS)
}
