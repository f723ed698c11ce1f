"""Runs the ``test.py`` that the installed MMPose ships."""

from mmpose_ours.launch.launching import test

if __name__ == '__main__':
    test()
