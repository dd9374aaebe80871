"""The loop of a driver, written once: it runs a generator of the library and hands what that yields to a method.

On either interpreter. A test's driver or server is a subclass: ``receive`` answers a wait, ``hear`` takes what the
library sends, and what it asks for by name (see umail/delivery.py) is a method of that name.
"""


class Driver:
    """Runs generators of the library.

    Attributes:
        errors: exceptions of these types are thrown into the generator, as I/O errors are; all others are the test's.
        never: of those, what is the test's all the same.
    """

    errors = OSError
    never = ()

    def run(self, steps):
        """Run a generator to its end, and return what it returns."""
        answer = error = None
        while True:
            try:
                what = steps.throw(error) if error else steps.send(answer)
            except StopIteration as stop:
                return stop.value
            answer = error = None
            try:
                answer = self.do(what)
            except self.never:
                raise
            except self.errors as raised:
                error = raised

    def do(self, what):
        """Do what the library yielded, and return the answer."""
        if isinstance(what, tuple):
            return self.ask(*what)
        if isinstance(what, (int, float)):
            return self.receive(what)
        return self.hear(bytes(what))

    def ask(self, name, *args):
        """Do what the library asks for by name."""
        return getattr(self, name)(*args)

    def limit(self, seconds, keep=True):
        """Take a limit: time does not pass here."""

    def give(self, data):
        """Put into the library's buffer what fits of ``data``, and return how much that was."""
        space = self.buffer.space()
        count = min(len(space), len(data))
        space[:count] = data[:count]
        self.buffer.end += count
        return count
