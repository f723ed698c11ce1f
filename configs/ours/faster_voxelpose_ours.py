# The recommended default for your own cameras: put the calibration and, for testing, 2D
# keypoints under data/Ours.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/ours_data.py',
    '../_base_/schedule_fast.py',
]

train_dataloader = dict(batch_size=16)
# Without a truth file the only figure is the number of people; they are in this file.
test_evaluator = dict(out_file='work_dirs/faster_voxelpose_ours/predictions.json')
