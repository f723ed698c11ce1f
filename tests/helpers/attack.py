"""An object whose pickle opens a file for writing."""

# As pickles name it: io.open, since Python 3.13 _io.open.
OPEN = f'{open.__module__}.open'


class Attack:
    """Writes ``target`` when its pickle is loaded without care."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), 'w')
