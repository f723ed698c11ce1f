"""What a config imports: the registries, and MMEngine fit for runs of this package.

A config names it with ``default_scope = 'mmpose_ours'`` and
``custom_imports = dict(imports=['mmpose_ours.registry'])``. Nothing else in the package imports it,
so that a program which uses models or data sets by itself gets MMEngine and torch as they are.
"""

from mmpose_ours import compat, scope, xtcocotools_stand_in

__all__ = ['scope']

compat.apply()
xtcocotools_stand_in.provide()
