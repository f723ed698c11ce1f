"""The package's registries: children of MMEngine's, in the scope ``mmpose_ours``.

The modules that register classes are imported on the first look-up, so that this import stays
cheap.
"""

from mmengine import registry as root

SCOPE = 'mmpose_ours'


def _child(name: str, parent: root.Registry, *locations: str) -> root.Registry:
    modules = [f'{SCOPE}.{location}' for location in locations]
    return root.Registry(name, parent=parent, scope=SCOPE, locations=modules)


DATASETS = _child('dataset', root.DATASETS, 'datasets')
TRANSFORMS = _child('transform', root.TRANSFORMS, 'datasets')
DATA_SAMPLERS = _child('data sampler', root.DATA_SAMPLERS, 'datasets')
MODELS = _child('model', root.MODELS, 'models')
METRICS = _child('metric', root.METRICS, 'engine.metrics')
HOOKS = _child('hook', root.HOOKS, 'visualization.training.hook', 'engine.hooks')
VISUALIZERS = _child('visualizer', root.VISUALIZERS, 'visualization.training.visualizer')
LOOPS = _child('loop', root.LOOPS, 'engine.timed_loop')
OPTIM_WRAPPERS = _child('optim_wrapper', root.OPTIM_WRAPPERS, 'models')

# Nothing of ours in these, but without a child of the scope MMEngine warns on each look-up.
for _name, _parent in {
    'runner': root.RUNNERS,
    'runner constructor': root.RUNNER_CONSTRUCTORS,
    'log processor': root.LOG_PROCESSORS,
    'optimizer': root.OPTIMIZERS,
    'optimizer constructor': root.OPTIM_WRAPPER_CONSTRUCTORS,
    'parameter scheduler': root.PARAM_SCHEDULERS,
    'evaluator': root.EVALUATOR,
    'visualizer backend': root.VISBACKENDS,
    'model wrapper': root.MODEL_WRAPPERS,
    'weight initializer': root.WEIGHT_INITIALIZERS,
    'function': root.FUNCTIONS,
}.items():
    _child(_name, _parent)
