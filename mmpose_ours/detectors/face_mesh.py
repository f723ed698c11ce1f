"""Which points of MediaPipe's face mesh are the 68 of iBUG 300-W.

The mesh has 468 points of fixed meaning (Kartynnik et al., "Real-time Facial Surface Geometry from
Monocular Video on Mobile GPUs", 2019; the numbers are those of its published UV map). The left and
right of iBUG's names are the person's; its contours begin at the person's right side.
"""

from __future__ import annotations

import numpy as np

# Of each of iBUG's contours, in its order.
_JAW = (127, 234, 132, 58, 172, 150, 149, 148, 152, 377, 378, 379, 397, 288, 361, 454, 356)
_RIGHT_BROW, _LEFT_BROW = (70, 63, 105, 66, 107), (336, 296, 334, 293, 300)
_NOSE = (168, 197, 5, 4, 98, 97, 2, 326, 327)
_RIGHT_EYE, _LEFT_EYE = (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)
_OUTER_LIPS = (61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91)
_INNER_LIPS = (78, 81, 13, 311, 308, 402, 14, 178)

#: (68,) number in the mesh of each point of iBUG.
MESH_OF_FACE = np.array(
    _JAW + _RIGHT_BROW + _LEFT_BROW + _NOSE + _RIGHT_EYE + _LEFT_EYE + _OUTER_LIPS + _INNER_LIPS
)
