"""pycocotools in the place of xtcocotools, which MMPose 1.x imports for 2D COCO data sets.

xtcocotools has no wheel from Python 3.12 on and none for numpy 2. MMPose's data sets use of it what
pycocotools has as well. Its evaluation takes two more arguments: sigmas are handed on, and what
pycocotools cannot do is refused. An installed xtcocotools is left as it is.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, Sequence

import numpy as np

_NAME = 'xtcocotools'
_MODULES = ('coco', 'cocoeval', 'mask')


def provide() -> None:
    """Let ``import xtcocotools`` find pycocotools where there is no xtcocotools."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())  # the last one: asked when no other has found it


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, path: Any, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _NAME and name not in {f'{_NAME}.{module}' for module in _MODULES}:
            return None
        return importlib.machinery.ModuleSpec(
            name, self, origin='pycocotools', is_package=name == _NAME
        )

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__.replace(_NAME, 'pycocotools')
        theirs = importlib.import_module(name)
        vars(module).update({k: v for k, v in vars(theirs).items() if not k.startswith('__')})
        if name.endswith('.cocoeval'):
            module.COCOeval = _with_sigmas(theirs.COCOeval)  # type: ignore[attr-defined]


def _with_sigmas(stock: Any) -> type:
    class COCOeval(stock):
        """pycocotools' ``COCOeval`` with xtcocotools' arguments.

        Args:
            cocoGt, cocoDt, iouType: As pycocotools has them; ``keypoints``, ``bbox``, ``segm``.
            sigmas: (J,) of the joints, for ``keypoints``; COCO's 17 by default.
            use_area: Whether OKS is normalised by the annotated area; here it always is.

        Raises:
            NotImplementedError: Something that xtcocotools itself is needed for.
        """

        def __init__(
            self,
            cocoGt: Any = None,
            cocoDt: Any = None,
            iouType: str = 'keypoints',
            sigmas: Sequence[float] | None = None,
            use_area: bool = True,
        ):
            if iouType not in ('keypoints', 'bbox', 'segm') or not use_area:
                raise NotImplementedError(
                    f'iouType={iouType!r}, use_area={use_area}: pycocotools, which stands in for '
                    'xtcocotools here, has no such evaluation; on Python 3.10 or 3.11 with numpy 1 '
                    'install xtcocotools'
                )
            super().__init__(cocoGt, cocoDt, iouType)
            if sigmas is not None:
                self.params.kpt_oks_sigmas = np.asarray(sigmas, float)

    return COCOeval
