"""Base class of the datasets of synthetic people, whose items are generated on demand."""

from __future__ import annotations

from typing import Iterator

from mmengine.dataset import BaseDataset


class GeneratedDataset(BaseDataset):
    """Stores nothing; subclasses set ``num_samples`` and generate in ``get_data_info``."""

    num_samples: int

    def load_data_list(self) -> list[dict]:
        """Nothing is stored."""
        return []

    def __len__(self) -> int:
        return self.num_samples

    def __iter__(self) -> Iterator[dict]:
        """One epoch; without this, a loop over the dataset would never end."""
        return (self[index] for index in range(len(self)))
