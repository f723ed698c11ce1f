"""Joint angles of people: by definitions of our own, or by OpenSim with a model of yours."""

from mmpose_ours.kinematics.files import write_angles
from mmpose_ours.kinematics.joint_angles import ANGLES, JointAngles, joint_angles

__all__ = ['ANGLES', 'JointAngles', 'joint_angles', 'write_angles']
