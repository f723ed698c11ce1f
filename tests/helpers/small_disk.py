"""A disk that is full after so many characters, for the files that a module opens."""

import builtins
import errno


def small_disk(monkeypatch, module, room):
    """Let what ``module`` opens for writing fail when ``room`` characters are written."""
    left = [room]

    def open_on_small_disk(path, *args, **options):
        file = builtins.open(path, *args, **options)
        write = file.write

        def write_if_room(text):
            left[0] -= len(text)
            if left[0] < 0:
                raise OSError(errno.ENOSPC, 'No space left on device')
            return write(text)

        file.write = write_if_room
        return file

    monkeypatch.setattr(module, 'open', open_on_small_disk, raising=False)
