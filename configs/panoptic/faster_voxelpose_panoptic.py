# The fast model on CMU Panoptic's published sequences and cameras, from keypoints.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/faster_voxelpose.py',
    '../_base_/panoptic_data.py',
    '../_base_/schedule_fast.py',
]

model = dict(joints='panoptic15')
train_dataloader = dict(batch_size=16)
