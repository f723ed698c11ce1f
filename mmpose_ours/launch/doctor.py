"""What this environment lacks for training, and how to fix it.

:mod:`mmpose_ours.launch.environment` looks at the machine, :func:`diagnose` judges what it saw by
:mod:`mmpose_ours.launch.doctor_checks_1x` or, where MMPose is 0.x,
:mod:`mmpose_ours.launch.doctor_checks_0x`. This module does **not** change anything.
"""

from __future__ import annotations

from mmpose_ours.launch import doctor_checks_0x, doctor_checks_1x
from mmpose_ours.launch.doctor_checks import Finding, release
from mmpose_ours.launch.environment import Environment


def diagnose(env: Environment) -> list[Finding]:
    """Judge what was seen.

    Args:
        env: What :func:`mmpose_ours.launch.environment.probe` returned.

    Returns:
        One finding per subject, in the order in which to fix them.
    """
    is_0x = release(env.versions.get('mmpose', '1'))[:1] == (0,)
    checks = doctor_checks_0x.CHECKS if is_0x else doctor_checks_1x.CHECKS
    return [finding for check in checks for finding in check(env)]
