"""What hooks ask of the loaders that MMEngine builds."""

from __future__ import annotations

from typing import Any, Iterator, Protocol, Sequence


class Batches(Protocol):
    """A batch sampler."""

    @property
    def batch_size(self) -> int:
        """Items of a batch; the last one may have fewer."""

    def __iter__(self) -> Iterator[Sequence[int]]: ...


class Loader(Protocol):
    """A loader of batches of a dataset."""

    @property
    def dataset(self) -> Any:
        """The dataset."""

    @property
    def batch_sampler(self) -> Batches:
        """Indices into the dataset, batch by batch."""
