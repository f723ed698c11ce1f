"""Hands over to the ``train.py`` that the installed MMPose ships."""

from mmpose_ours.paths import run_stock

if __name__ == '__main__':
    run_stock('train.py')
