"""Tasks and their queue for ``asyncio`` by the world's clock: the interpreter's own, in C, take the computer's."""

from time import ticks_diff, ticks_ms


class TaskQueue:
    """Tasks in the order in which they are due; of those due together the one that came first."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        """Return the task that is due first, None if there is none."""
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        """Add ``task``, due at ``key`` (ticks), or now."""
        task.data = None
        task.ph_key = ticks_ms() if key is None else key
        at = len(self._tasks)
        while at and ticks_diff(task.ph_key, self._tasks[at - 1].ph_key) < 0:
            at -= 1
        self._tasks.insert(at, task)

    def pop(self):
        """Take the task that is due first."""
        return self._tasks.pop(0)

    def remove(self, task):
        """Take out ``task``."""
        self._tasks.remove(task)


class Task:
    """A coroutine that runs beside others, with the attributes that ``asyncio.core`` wants of it."""

    def __init__(self, coro, globals=None):
        self.coro = coro
        self.data = None
        # True while it runs and nobody waits for it, a TaskQueue of those who do, False or None once it is over.
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if not self.state:
            # It is over, and somebody has seen so.
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        return self

    def __next__(self):
        from asyncio import core

        if not self.state:
            raise self.data
        self.state.push(core.cur_task)
        core.cur_task.data = self

    def done(self):
        """Return True once it is over."""
        return not self.state

    def cancel(self):
        """Raise CancelledError in it; return False if it is over."""
        from asyncio import core

        if not self.state:
            return False
        while isinstance(self.data, Task):
            self = self.data
        if hasattr(self.data, "remove"):
            self.data.remove(self)
            core._task_queue.push(self)
        elif ticks_diff(self.ph_key, ticks_ms()) > 0:
            core._task_queue.remove(self)
            core._task_queue.push(self)
        self.data = core.CancelledError
        return True
