default_scope = 'mmpose_ours'
custom_imports = dict(imports=['mmpose_ours.registry'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='WholeCheckpointHook', interval=1, max_keep_ckpts=3),
    interruption=dict(type='InterruptionHook', minutes=10),
    finite_loss=dict(type='FiniteLossHook'),
    step_seed=dict(type='StepSeedHook'),
    run_record=dict(type='RunRecordHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='MultiviewVisualizationHook', enable=False),
)

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # gloo on a machine without a GPU
)
# No device list: the model's own device is used, so that processes without a GPU work too.
model_wrapper_cfg = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)

visualizer = dict(type='MultiviewVisualizer', vis_backends=[dict(type='LocalVisBackend')])
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=True)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=0)
