"""An even sample of a stream whose length is unknown, in constant memory."""

from __future__ import annotations

from typing import Generic, TypeVar

Item = TypeVar('Item')


class EvenSample(Generic[Item]):
    """Keeps every n-th item, with n doubled whenever there are too many.

    Args:
        most: Largest number of items that are kept.
    """

    def __init__(self, most: int):
        self.most = most
        self.items: dict[int, Item] = {}
        self._step = 1

    def add(self, index: int, item: Item) -> None:
        """Add the item with an index; indices ascend, and may have gaps."""
        if index % self._step:
            return
        self.items[index] = item
        if len(self.items) > self.most:
            self._step *= 2
            kept = {i: kept for i, kept in self.items.items() if i % self._step == 0}
            self.items = kept or {index: item}
