"""Calibration files in and out, checked: the only way a rig enters the package.

    >>> from mmpose_ours.calibration import FORMATS
    >>> 'pose2sim' in FORMATS and 'colmap' in FORMATS
    True

Formats are modules of this package, listed in :data:`FORMATS`. Importing it needs
NumPy only, and takes a moment.
"""

from mmpose_ours.calibration.api import read_rig
from mmpose_ours.calibration.capture_volume import check_space, coverage, fit_space
from mmpose_ours.calibration.checks.sanity import check_rig
from mmpose_ours.calibration.conversion import convert_calibration
from mmpose_ours.calibration.errors import CalibrationError
from mmpose_ours.calibration.format_table import FORMATS, recognise_format
from mmpose_ours.calibration.writing import write_rig

__all__ = [
    'FORMATS',
    'CalibrationError',
    'check_rig',
    'check_space',
    'convert_calibration',
    'coverage',
    'fit_space',
    'read_rig',
    'recognise_format',
    'write_rig',
]
