# The fast voxel model with feet: people, keypoints and predictions of HALPE-26.
_base_ = ['./faster_voxelpose_ours.py']

model = dict(joints='halpe26')
skeleton = dict(metainfo=dict(joints='halpe26'))
train_dataloader = dict(dataset=skeleton)
val_dataloader = dict(dataset=skeleton)
test_dataloader = dict(dataset=skeleton)
test_evaluator = dict(out_file='work_dirs/faster_voxelpose_ours_halpe26/predictions.json')
