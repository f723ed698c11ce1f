"""What other tools count and turn differently inside a camera: pixels and its axes."""

from __future__ import annotations

import numpy as np

# COLMAP, nerfstudio and Metashape count pixels from the corner of the first one, OpenCV from
# its centre.
HALF_PIXEL = 0.5
# Between OpenCV's axes (x right, y down, z forward) and OpenGL's and QTM's (x right, y up, z
# back); its own inverse.
FLIP_Y_AND_Z = np.diag([1.0, -1.0, -1.0])
FLIP_Y_AND_Z.flags.writeable = False
