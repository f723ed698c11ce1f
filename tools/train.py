"""Runs the ``train.py`` that the installed MMPose ships, in a work dir of its own."""

from mmpose_ours.launch.launching import train

if __name__ == '__main__':
    train()
