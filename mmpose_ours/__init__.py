"""Multi-view, multi-person 3D human pose estimation on your own camera rig.

Importing the package is cheap: nothing here needs torch. MMEngine finds the
registered classes through :mod:`mmpose_ours.registry`, which a config names in
its ``custom_imports``.
"""

__version__ = '0.1.0'
