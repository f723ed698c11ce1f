# VoxelPose, the reference model, on your own cameras: put the calibration and, for testing, 2D
# keypoints under data/Ours. faster_voxelpose_ours.py is the recommended default.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/voxelpose.py',
    '../_base_/ours_data.py',
    '../_base_/schedule_30e.py',
]

# Without a truth file the only figure is the number of people; they are in this file.
test_evaluator = dict(out_file='work_dirs/voxelpose_ours/predictions.json')
