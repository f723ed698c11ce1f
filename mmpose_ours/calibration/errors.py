"""The one exception of this room."""

from __future__ import annotations


class CalibrationError(ValueError):
    """A calibration cannot be used; one sentence with file, camera, place and mend."""
