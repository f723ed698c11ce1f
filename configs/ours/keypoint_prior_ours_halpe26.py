# The learned prior with feet on your own cameras. Training begins from nothing, or from weights of
# keypoint_prior_any_rig_halpe26.py by
#   --cfg-options load_from=work_dirs/keypoint_prior_any_rig_halpe26/epoch_24.pth
_base_ = ['./keypoint_prior_ours.py']

load_from = None
model = dict(joints='halpe26')
skeleton = dict(metainfo=dict(joints='halpe26'))
train_dataloader = dict(dataset=skeleton)
val_dataloader = dict(dataset=skeleton)
test_dataloader = dict(dataset=skeleton)
test_evaluator = dict(out_file='work_dirs/keypoint_prior_ours_halpe26/predictions.json')
